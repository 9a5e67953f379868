/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main -> outer -> inner -> tell, for SECONDS of CPU time, under a thread name that is the time: CLOCK_MONOTONIC in ms,
 * a new one each ms. So a sample says when it was taken.
 */
#include <sys/prctl.h>

#include "spin.h"

NOINLINE static void tell(void)
{
	long ms, before = 0;
	char name[16];

	while (!spin_over) {
		ms = (long)(spin_clock(CLOCK_MONOTONIC) * 1000);
		if (ms != before) {
			snprintf(name, sizeof(name), "%ld", ms);
			prctl(PR_SET_NAME, name);
		}
		before = ms;
		for (volatile int i = 0; i < 20000; i++)
			;
	}
}

NOINLINE static void inner(void) { tell(); KEEP(); }
NOINLINE static void outer(void) { inner(); KEEP(); }

int main(int argc, char **argv)
{
	spin_for_cpu(seconds_arg(argc, argv, 1, 5));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	outer();
	KEEP();
	return 0;
}
