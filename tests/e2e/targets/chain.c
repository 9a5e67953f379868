/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main -> alpha -> bravo -> charlie -> delta -> spin, for SECONDS of CPU time. Says "begin" when it is there, then its CPU time. */
#include "spin.h"

#ifndef LOCAL /* -DLOCAL= lets a stripped build name them in .dynsym */
#define LOCAL static
#endif

NOINLINE LOCAL void spin(void) { SPIN_WHILE(!spin_over); }
NOINLINE LOCAL void delta(void) { spin(); KEEP(); }
NOINLINE LOCAL void charlie(void) { delta(); KEEP(); }
NOINLINE LOCAL void bravo(void) { charlie(); KEEP(); }
NOINLINE LOCAL void alpha(void) { bravo(); KEEP(); }

int main(int argc, char **argv)
{
	double before;

	spin_for_cpu(seconds_arg(argc, argv, 1, 5));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	before = spin_clock(CLOCK_THREAD_CPUTIME_ID);
	alpha();
	say("cpu", spin_clock(CLOCK_THREAD_CPUTIME_ID) - before);
	return argc > 2 ? atoi(argv[2]) : 0;
}
