/* SPDX-License-Identifier: GPL-2.0-or-later */
/* opener SECONDS LIBRARY: opens it, works in it for about 3 ms, closes it, again and again: main -> turn -> one_work. */
#include <dlfcn.h>

#include "spin.h"

typedef void (*work)(const volatile int *over);

static volatile int over;

static void alarm_over(int number)
{
	(void)number;
	over = 1;
}

NOINLINE static void turn(const char *path)
{
	struct itimerval timer = {.it_value.tv_usec = 3000};
	void *handle = dlopen(path, RTLD_NOW);
	work function = handle ? (work)(uintptr_t)dlsym(handle, "one_work") : NULL;

	if (!function)
		exit(9);
	over = 0;
	setitimer(ITIMER_REAL, &timer, NULL);
	function(&over);
	dlclose(handle);
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
	return 0;
}
