/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main -> outer -> middle -> inner -> churn, for SECONDS of CPU time, where every function wants more registers than
 * there are: without a frame pointer rbp is one of them. churn() also calls and returns all the time, so that samples
 * fall into prologues and epilogues.
 */
#include "spin.h"

NOINLINE static uint64_t leaf(uint64_t a, uint64_t b)
{
	__asm__ volatile("" : "+r"(a));
	return a * 31 + b;
}

/* A frame of its own, and all callee-saved registers pushed and popped. */
NOINLINE static uint64_t busy(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	volatile uint64_t kept[5] = {a, b, c, d, e};
	uint64_t x = leaf(a, b), y = leaf(c, d), z = leaf(e, f);

	return x + y + z + a * b + c * d + e * f + kept[4];
}

NOINLINE static uint64_t churn(void)
{
	uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6;

	while (!spin_over) {
		a = busy(a, b, c, d, e, f);
		b = busy(b, c, d, e, f, a);
		c += leaf(a, d) ^ leaf(b, e);
	}
	return a + b + c + d + e + f;
}

#define BETWEEN(name, next) \
	NOINLINE static uint64_t name(uint64_t a, uint64_t b, uint64_t c, uint64_t d) \
	{ \
		uint64_t e = leaf(a, b), f = leaf(c, d), g = next; \
\
		KEEP(); \
		return leaf(a + b, c + d) + leaf(e, f) + g; \
	}
BETWEEN(inner, churn())
BETWEEN(middle, inner(b, c, d, a))
BETWEEN(outer, middle(d, a, b, c))

int main(int argc, char **argv)
{
	uint64_t sum;

	spin_for_cpu(seconds_arg(argc, argv, 1, 5));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	sum = outer((uint64_t)argc, 2, 3, 4);
	KEEP();
	return sum == 42;
}
