// SPDX-License-Identifier: GPL-2.0-or-later
/* crowd SECONDS PROCESSES: so many processes, each of which works for 0.2 ms twice a second. */
#include <sys/prctl.h>
#include <sys/wait.h>

#include "spin.h"

NOINLINE static void work(void)
{
	double end = spin_clock(CLOCK_THREAD_CPUTIME_ID) + 0.0002;

	SPIN_WHILE(spin_clock(CLOCK_THREAD_CPUTIME_ID) < end);
}

static void live(double until)
{
	while (spin_clock(CLOCK_MONOTONIC) < until) {
		work();
		usleep(500000);
	}
}

int main(int argc, char **argv)
{
	double until = spin_clock(CLOCK_MONOTONIC) + (argc > 1 ? atof(argv[1]) : 1);
	int n = argc > 2 ? atoi(argv[2]) : 1;

	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 9;
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			usleep((unsigned)i * 500000 / (unsigned)n);
			live(until);
			_exit(0);
		}
	}
	say("begin", 1);
	while (wait(NULL) > 0)
		;
	return 0;
}
