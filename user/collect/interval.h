/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One generation's banks, read when nobody writes them any more: first the maps of the processes in them are
 * refreshed, then (once the sideband's records up to that read were applied) every entry is resolved.
 */
#ifndef PROFOUND_INTERVAL_H
#define PROFOUND_INTERVAL_H

#include <stdint.h>

#include "collect/programs.h"
#include "collect/resolve.h"

struct interval_process;

struct interval {
	struct interval_process *processes; /* scratch: those of this interval */
	uint32_t n, cap;
	uint64_t bytes; /* read so far */
};

/* A zeroed struct is ready. */
void interval_release(struct interval *interval);

/* Reads the maps of the processes whose mappings may have changed. 0 or -ENOMEM. */
int interval_refresh(struct interval *interval, const struct programs *programs,
	uint32_t generation, struct processes *processes);

/* Adds every entry to the profile. */
void interval_resolve(struct interval *interval, const struct programs *programs,
	uint32_t generation, struct resolver *resolver);

/* Makes the generation's banks empty for the next swap. */
void interval_clear(const struct programs *programs, uint32_t generation);

#endif
