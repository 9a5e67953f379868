/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this machine lets us do: one table, a row a thing. `profound doctor` prints it. */
#ifndef PROFOUND_PROBE_H
#define PROFOUND_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "collect/capabilities.h"

enum probe_verdict { PROBE_OK, PROBE_WARN, PROBE_FAIL };

struct probe_result {
	enum probe_verdict verdict;
	char found[336]; /* what is there */
	char cost[160];  /* what its lack costs; empty when OK */
	char fix[480];   /* the command that mends it; empty: none */
};

struct probe {
	const char *name;
	void (*run)(struct probe_result *result);
};

extern const struct probe probes[];
extern const unsigned n_probes;

/*
 * What makes `record` impossible, checked before it starts: kernel too old, or with the bug that
 * freezes it (unless ignore_kernel_bugs), no BTF, lockdown=confidentiality, no privilege. 0;
 * -EOPNOTSUPP or -EPERM with a fault that says how to mend it. Takes well under a millisecond.
 */
int probe_refused(bool ignore_kernel_bugs, struct fault *fault);

/* The row of a capability that is missing. */
void probe_capability(const struct capability *capability, struct probe_result *result);

/* "none integrity [confidentiality]" of /sys/kernel/security/lockdown. */
bool probe_locked_down(const char *text);

#endif
