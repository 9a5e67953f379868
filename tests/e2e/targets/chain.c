/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main -> alpha -> bravo -> charlie -> delta -> spin, for SECONDS. Says "begin" when it is there, then its CPU time. */
#include "spin.h"

NOINLINE static void spin(void) { SPIN_WHILE(!spin_over); }
NOINLINE static void delta(void) { spin(); KEEP(); }
NOINLINE static void charlie(void) { delta(); KEEP(); }
NOINLINE static void bravo(void) { charlie(); KEEP(); }
NOINLINE static void alpha(void) { bravo(); KEEP(); }

int main(int argc, char **argv)
{
	double before;

	spin_until(seconds_arg(argc, argv, 1, 5));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	before = spin_clock(CLOCK_THREAD_CPUTIME_ID);
	alpha();
	say("cpu", spin_clock(CLOCK_THREAD_CPUTIME_ID) - before);
	return argc > 2 ? atoi(argv[2]) : 0;
}
