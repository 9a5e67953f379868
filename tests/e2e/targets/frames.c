/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main -> aligned -> sized -> both -> churn: frames whose size or alignment is known only at run time. `both` needs a
 * DRAP: gcc keeps the address of its arguments in r10 and finds the caller through it.
 */
#include <alloca.h>

#include "spin.h"

static volatile uint64_t sink;

NOINLINE static void fill(char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(i * 7 + sink);
	sink = sink + (uint64_t)bytes[n / 2];
}

/* Realigned and with an argument on the stack. */
NOINLINE static uint64_t over_aligned(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g)
{
	__attribute__((aligned(64))) char bytes[128];

	fill(bytes, sizeof(bytes));
	return a + b + c + d + e + f + g + (uint64_t)bytes[5];
}

NOINLINE static uint64_t churn(uint64_t n)
{
	uint64_t sum = 0;

	while (!spin_over)
		sum += over_aligned(n, 2, 3, 4, 5, 6, sum);
	return sum;
}

NOINLINE static uint64_t both(uint64_t n, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	__attribute__((aligned(64))) char bytes[192];
	char *more = alloca(n % 100 + 200);
	uint64_t sum;

	fill(bytes, sizeof(bytes));
	fill(more, n % 100 + 200);
	sum = churn(n + a + b + c + d + e + f);
	KEEP();
	return sum + (uint64_t)bytes[7] + (uint64_t)more[9];
}

NOINLINE static uint64_t sized(uint64_t n)
{
	char *bytes = alloca(n % 1000 + 100);
	uint64_t sum;

	fill(bytes, n % 1000 + 100);
	sum = both(n, 1, 2, 3, 4, 5, 6);
	KEEP();
	return sum + (uint64_t)bytes[3];
}

NOINLINE static uint64_t aligned(uint64_t n)
{
	__attribute__((aligned(64))) char bytes[64];
	uint64_t sum;

	fill(bytes, sizeof(bytes));
	sum = sized(n);
	KEEP();
	return sum + (uint64_t)bytes[2];
}

int main(int argc, char **argv)
{
	uint64_t sum;

	spin_for_cpu(seconds_arg(argc, argv, 1, 5));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	sum = aligned((uint64_t)argc * 333);
	KEEP();
	return sum == 42;
}
