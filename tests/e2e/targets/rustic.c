/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names that rustc gives, both manglings, in C: main -> market::stall::sell (v0) -> market::weigh (legacy). */
#include "spin.h"

void sell(void) __asm__("_RNvNtCs1234_6market5stall4sell");
void weigh(void) __asm__("_ZN6market5weigh17h0123456789abcdefE");

NOINLINE void weigh(void) { SPIN_WHILE(!spin_over); }
NOINLINE void sell(void) { weigh(); KEEP(); }

int main(int argc, char **argv)
{
	spin_for_cpu(seconds_arg(argc, argv, 1, 2));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	sell();
	KEEP();
	return 0;
}
