/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main -> wide -> bottom, with KIB of locals in wide(): more than the copy of a stack holds. */
#include <alloca.h>

#include "spin.h"

NOINLINE static void bottom(void) { SPIN_WHILE(!spin_over); }

NOINLINE static int wide(size_t bytes)
{
	char *local = alloca(bytes);

	memset(local, 1, bytes);
	__asm__ volatile("" : : "r"(local) : "memory");
	bottom();
	return local[bytes / 2];
}

int main(int argc, char **argv)
{
	int sum;

	spin_for_cpu(seconds_arg(argc, argv, 1, 5));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	sum = wide((size_t)seconds_arg(argc, argv, 2, 64) * 1024);
	KEEP();
	return sum == 42;
}
