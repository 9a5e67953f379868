/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main -> outer_work, into which middle_work and inner_work are inlined, for SECONDS of CPU time. */
#include "spin.h"

#define INLINE inline __attribute__((always_inline))

static INLINE void inner_work(void)
{
	SPIN_WHILE(!spin_over);
}

static INLINE void middle_work(void)
{
	inner_work();
}

static NOINLINE void outer_work(void)
{
	middle_work();
	KEEP();
}

int main(int argc, char **argv)
{
	spin_for_cpu(seconds_arg(argc, argv, 1, 2));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	outer_work();
	return 0;
}
