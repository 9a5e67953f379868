/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Built three times, STAGE 1 to 3, at the same fixed addresses: runs its own chain for SECONDS of CPU time, then execs the next
 * one (argv[2...]). A mapping kept past an exec shows as another stage's name.
 */
#include "spin.h"

#define JOIN_(a, b, c) a##b##c
#define JOIN(a, b, c) JOIN_(a, b, c)
#define WORK JOIN(stage, STAGE, _work)
#define CHAIN JOIN(stage, STAGE, _chain)

NOINLINE static void WORK(void) { SPIN_WHILE(!spin_over); }
NOINLINE static void CHAIN(void) { WORK(); KEEP(); }

int main(int argc, char **argv)
{
	char seconds[32];

	snprintf(seconds, sizeof(seconds), "%s", argc > 1 ? argv[1] : "1");
	spin_for_cpu(atof(seconds));
	CHAIN();
	say("cpu", spin_clock(CLOCK_PROCESS_CPUTIME_ID));
	if (argc > 2) {
		argv[1] = argv[2];
		char *next[16] = { argv[1], seconds };

		for (int i = 3; i < argc && i < 15; i++)
			next[i - 1] = argv[i];
		execv(next[0], next);
		return 127;
	}
	return 0;
}
