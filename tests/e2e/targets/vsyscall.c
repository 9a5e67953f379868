/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsyscall SECONDS: main -> run_vsyscall -> time() of the vsyscall page, as static programs of old call it. The
 * kernel kills it where it has no such page.
 */
#include "spin.h"

#define VSYSCALL_TIME 0xffffffffff600400ul

NOINLINE static void run_vsyscall(void)
{
	long (*now)(long *) = (long (*)(long *))VSYSCALL_TIME;

	while (!spin_over)
		now(NULL);
	KEEP();
}

int main(int argc, char **argv)
{
	spin_for_cpu(seconds_arg(argc, argv, 1, 1));
	say("begin", spin_clock(CLOCK_MONOTONIC));
	run_vsyscall();
	KEEP();
	return 0;
}
