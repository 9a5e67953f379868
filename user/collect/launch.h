/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command after `--`: forked at once, so that its pid can be selected, and held before exec until sampling is
 * on, so that its first instruction is sampled.
 */
#ifndef PROFOUND_LAUNCH_H
#define PROFOUND_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/fault.h"

struct launch {
	const char *name; /* borrowed from argv */
	pid_t pid; /* 0: none */
	int go_fd; /* a byte lets it go, closing it ends it; the errno of an exec that failed comes back */
	bool gone_on; /* it was let go */
	int pid_fd; /* readable when it has ended */
	bool ended;
	int status; /* as a shell tells it: 0..255, 128 + N by signal N; once ended */
};

/* Forks and holds. The child gets the default signal mask. 0 or a negative errno with the fault filled. */
int launch_hold(struct launch *launch, char **argv, struct fault *fault);

/* Lets it exec. A command that cannot be run ends with 127 (not found) or 126. */
void launch_go(struct launch *launch);

/* Was there a command that could not be run? Then the fault says which and why. To be asked when it has ended. */
bool launch_refused(struct launch *launch, struct fault *fault);

/* Collects its status if it has ended; blocks for that when `wait` is set. True: ended. */
bool launch_ended(struct launch *launch, bool wait);

void launch_signal(const struct launch *launch, int signal);

/* Ends a command that is still held; a running one is left alone. */
void launch_release(struct launch *launch);

#endif
