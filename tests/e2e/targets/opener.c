/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * opener SECONDS LIBRARY: opens a fresh copy of it (a memfd) and works in it at once for about 20 ms, again and again:
 * main -> turn -> one_work. It closes none: what a closed library's last samples were, nobody can tell for certain.
 */
#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <fcntl.h>

#include "spin.h"

typedef void (*work)(const volatile int *over);

static volatile int over;

static void alarm_over(int number)
{
	(void)number;
	over = 1;
}

NOINLINE static void *open_copy(const char *path)
{
	int from = open(path, O_RDONLY), to = memfd_create("copy", 0);
	char name[32];
	void *handle;

	while (sendfile(to, from, NULL, 1 << 20) > 0)
		;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", to);
	handle = dlopen(name, RTLD_NOW);
	close(from);
	/* Kept: the next copy must not have the same name. */
	return handle;
}

NOINLINE static void turn(const char *path)
{
	struct itimerval timer = {.it_value.tv_usec = 20000};
	void *handle = open_copy(path);
	work function = handle ? (work)(uintptr_t)dlsym(handle, "one_work") : NULL;

	if (!function)
		exit(9);
	over = 0;
	setitimer(ITIMER_REAL, &timer, NULL);
	function(&over);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	spin_for_cpu(seconds_arg(argc, argv, 1, 2));
	signal(SIGALRM, alarm_over);
	say("begin", spin_clock(CLOCK_MONOTONIC));
	while (!spin_over)
		turn(argv[2]);
	/* A memfd can be read as long as somebody has it: profound looks once a second. */
	sleep(2);
	return 0;
}
