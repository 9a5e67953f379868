/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * family MODE SECONDS: waits 0.7 s (so that a recording can begin), then
 *   fork    two children that work; each says its CPU time
 *   exec    ten generations of `family exec-child` for a tenth of the time each
 *   double  a grandchild, orphaned and in a session of its own, that works; the parent waits for its end
 */
#include <sys/wait.h>

#include "spin.h"

NOINLINE static void child_work(void) { SPIN_WHILE(!spin_over); }
NOINLINE static void child_chain(void) { child_work(); KEEP(); }
NOINLINE static void orphan_work(void) { SPIN_WHILE(!spin_over); }
NOINLINE static void orphan_chain(void) { orphan_work(); KEEP(); }

static void work(const char *name, void (*chain)(void), double seconds)
{
	spin_until(seconds);
	chain();
	say(name, spin_clock(CLOCK_PROCESS_CPUTIME_ID));
}

static void forks(double seconds)
{
	for (int i = 0; i < 2; i++)
		if (fork() == 0) {
			work("child", child_chain, seconds);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
}

static void execs(const char *self, double seconds)
{
	char each[32];

	snprintf(each, sizeof(each), "%f", seconds / 10);
	for (int i = 0; i < 10; i++) {
		if (fork() == 0) {
			execl(self, self, "exec-child", each, NULL);
			_exit(127);
		}
		wait(NULL);
	}
}

static void doubles(double seconds)
{
	int ends[2];
	char byte;

	if (pipe(ends))
		_exit(9);
	if (fork() == 0) {
		if (fork())
			_exit(0);
		setsid();
		close(ends[0]);
		usleep(50000); /* the parent is gone by now */
		work("orphan", orphan_chain, seconds);
		_exit(0);
	}
	wait(NULL);
	close(ends[1]);
	while (read(ends[0], &byte, 1) > 0)
		;
}

int main(int argc, char **argv)
{
	double seconds = seconds_arg(argc, argv, 2, 2);

	if (argc < 2)
		return 2;
	if (strcmp(argv[1], "exec-child") == 0) {
		work("child", child_chain, seconds);
		return 0;
	}
	say("begin", spin_clock(CLOCK_MONOTONIC));
	usleep(700000);
	if (strcmp(argv[1], "fork") == 0)
		forks(seconds);
	else if (strcmp(argv[1], "exec") == 0)
		execs("/proc/self/exe", seconds);
	else
		doubles(seconds);
	return 0;
}
