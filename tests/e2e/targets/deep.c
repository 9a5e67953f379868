/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main -> descend x DEPTH (0 and more) -> bottom, for SECONDS of CPU time. */
#include "spin.h"

NOINLINE static void bottom(void) { SPIN_WHILE(!spin_over); }

NOINLINE static void descend(int left)
{
	if (left > 1)
		descend(left - 1);
	else
		bottom();
	KEEP();
}

int main(int argc, char **argv)
{
	int depth = argc > 2 ? atoi(argv[2]) : 600;

	spin_for_cpu(seconds_arg(argc, argv, 1, 5));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	if (depth > 0)
		descend(depth);
	else
		bottom();
	KEEP();
	return 0;
}
