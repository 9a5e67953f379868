/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The capabilities that profound uses: one list, by which `doctor` and the messages speak and by which the others are given
 * up. The unit and README name the same ones; tests/e2e/test_privilege.py compares them.
 *
 * Sets of capabilities are masks as CapEff of /proc/PID/status shows them. CAP_SYS_ADMIN stands in for those that were split
 * off from it (Linux 5.8: a17b53c4a4b5, 980737282232; 5.9: 124ea650d307).
 */
#ifndef PROFOUND_CAPABILITIES_H
#define PROFOUND_CAPABILITIES_H

#include <stdbool.h>
#include <stdint.h>

#define CAPABILITY_NAMES 160 /* bytes that all names take */

struct capability {
	unsigned number;
	const char *name;  /* CAP_BPF */
	const char *costs; /* what its absence costs */
	bool required;     /* nothing is sampled without it */
	bool for_start;    /* nothing needs it once sampling begins */
	bool of_sys_admin;
	bool (*is_needed)(void); /* on this kernel, as it is set */
};

extern const struct capability capabilities[];
extern const unsigned n_capabilities;

/* What this process has. 0 if that cannot be told. */
uint64_t capabilities_effective(void);

/* What this kernel, as it is set, needs. */
uint64_t capabilities_needed(void);

/* What of it a process with `effective` lacks. */
uint64_t capabilities_missing(uint64_t effective);

/* Those of `set` that stay when sampling begins. */
uint64_t capabilities_staying(uint64_t set);

/* Whether one of the list's `set` is required. */
bool capabilities_required(uint64_t set);

/* "CAP_BPF CAP_PERFMON", in the order of the list, cut where the room ends. */
void capabilities_print(uint64_t set, char *text, unsigned size);

/*
 * Gives up, for good and for all that is executed later, everything that is not in `set`: nothing is inheritable or ambient
 * afterwards. Of this thread: call it before there are others. 0 or a negative errno.
 */
int capabilities_keep(uint64_t set);

#endif
