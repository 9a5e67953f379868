/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One generation's banks, read when nobody writes them any more: refreshes the maps of the processes in them, then
 * resolves every entry.
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

/* 0 or -ENOMEM (what was not resolved is counted as user_memory). */
int interval_read(struct interval *interval, const struct programs *programs, uint32_t generation,
	struct resolver *resolver);

/* Makes the generation's banks empty for the next swap. */
void interval_clear(const struct programs *programs, uint32_t generation);

#endif
