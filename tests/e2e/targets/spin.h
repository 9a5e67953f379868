/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every target shares: work that calls nothing (so that no library frame stands between the chain and the
 * sample), a clock that stops it, and a report that the tests read: lines "NAME VALUE" on stdout.
 */
#ifndef TARGET_SPIN_H
#define TARGET_SPIN_H

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))
/* gcc gives a function that calls nothing and touches no stack no frame, whatever the flags: this touches it. */
#define FRAME() \
	do { \
		volatile char frame_keeper = 0; \
		(void)frame_keeper; \
	} while (0)
/* Keeps a call from becoming a jump, and the caller's frame alive after it. */
#define KEEP() __asm__ volatile("" ::: "memory")

static volatile sig_atomic_t spin_over;

static inline void spin_end(int signal)
{
	(void)signal;
	spin_over = 1;
}

static inline void spin_arm(int clock, int ending, double seconds)
{
	struct sigaction action;
	struct itimerval timer;

	memset(&action, 0, sizeof(action));
	action.sa_handler = spin_end;
	action.sa_flags = SA_RESTART;
	memset(&timer, 0, sizeof(timer));
	timer.it_value.tv_sec = (time_t)seconds;
	timer.it_value.tv_usec = (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6);
	sigaction(ending, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	spin_over = 0;
	setitimer(clock, &timer, NULL);
}

/* spin_over turns true after `seconds` of wall time (0: never), or on SIGTERM. */
static inline void spin_until(double seconds)
{
	spin_arm(ITIMER_REAL, SIGALRM, seconds);
}

/* The same after `seconds` of the process's CPU time: on a busy machine it takes longer, and samples as many. */
static inline void spin_for_cpu(double seconds)
{
	spin_arm(ITIMER_PROF, SIGPROF, seconds);
}

static inline double spin_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline void say(const char *name, double value)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "%s %.9f\n", name, value);

	if (write(1, line, (size_t)len) != len)
		_exit(9);
}

/* The work, always inline: the frame that samples fall into is the caller's. */
#define SPIN_WHILE(condition) \
	do { \
		uint64_t spin_x = 88172645463325252ull; \
		FRAME(); \
		while (condition) { \
			for (int spin_i = 0; spin_i < 4096; spin_i++) { \
				spin_x ^= spin_x << 13; \
				spin_x ^= spin_x >> 7; \
				spin_x ^= spin_x << 17; \
			} \
			__asm__ volatile("" : "+r"(spin_x)); \
		} \
	} while (0)

static inline double seconds_arg(int argc, char **argv, int at, double otherwise)
{
	return argc > at ? atof(argv[at]) : otherwise;
}

#endif
