/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main -> drive -> little_0 .. little_7 of a library, each a few instructions behind its PLT entry. */
#include "spin.h"

#define LITTLES(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)
#define DECLARE(n) uint64_t little_##n(uint64_t x);
LITTLES(DECLARE)

#ifdef LIBRARY
#define DEFINE(n) uint64_t little_##n(uint64_t x) { return x * 33 + n; }
LITTLES(DEFINE)
#else
#define CALL(n) x = little_##n(x);

NOINLINE static uint64_t drive(void)
{
	uint64_t x = 1;

	while (!spin_over) {
		LITTLES(CALL)
	}
	return x;
}

int main(int argc, char **argv)
{
	uint64_t sum;

	spin_for_cpu(seconds_arg(argc, argv, 1, 5));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	sum = drive();
	KEEP();
	return sum == 42;
}
#endif
