/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chains of 40 calls that are hardly ever the same: each sample has a stack of its own. */
#include "spin.h"

static unsigned long state = 88172645463325252;

/* Marsaglia's xorshift. */
static unsigned next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 32;
}

static int walk(unsigned left);

#define STEP(n) NOINLINE static int step##n(unsigned left) { int sum = walk(left); KEEP(); return sum + n; }
STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5) STEP(6) STEP(7)

NOINLINE static int walk(unsigned left)
{
	static int (*const steps[])(unsigned) = {step0, step1, step2, step3, step4, step5, step6, step7};
	int sum;

	if (!left)
		return 1;
	sum = steps[next() % 8](left - 1);
	KEEP();
	return sum + 1;
}

int main(int argc, char **argv)
{
	int sum = 0;

	spin_for_cpu(seconds_arg(argc, argv, 1, 5));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	while (!spin_over)
		sum += walk(20);
	return sum == 42;
}
