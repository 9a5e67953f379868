/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock SECONDS: main -> ask -> clock_gettime -> the vDSO. */
#include "../../e2e/targets/spin.h"

NOINLINE static long ask(void)
{
	struct timespec now;
	long sum = 0;

	while (!spin_over) {
		for (int i = 0; i < 1000; i++) {
			clock_gettime(CLOCK_MONOTONIC, &now);
			sum += now.tv_nsec;
		}
	}
	KEEP();
	return sum;
}

int main(int argc, char **argv)
{
	long sum;

	spin_for_cpu(seconds_arg(argc, argv, 1, 5));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	sum = ask();
	KEEP();
	return sum == 42;
}
