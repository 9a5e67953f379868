/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the memory allowed (--memory) is divided: all parts together are within it, but for the least that each needs.
 */
#ifndef PROFOUND_MEMORY_PLAN_H
#define PROFOUND_MEMORY_PLAN_H

#include <stdint.h>

struct memory_plan {
	uint32_t entries, slots, words; /* of a bank; powers of two */
	uint32_t ring_bytes;            /* of samples that are handed over; a power of two of pages */
	uint32_t arena_words;           /* abi_unwind.h; a power of two */
	uint32_t chunks;                /* of unwind rows, at most */
	uint64_t heap_bytes;            /* of unwind tables for which the kernel side has no room */
};

/* samples_per_second: of one CPU. */
void memory_plan(struct memory_plan *plan, uint32_t cpus, uint64_t samples_per_second,
	uint64_t memory_bytes);

/* What the banks take; two a CPU. */
uint64_t memory_plan_banks(const struct memory_plan *plan, uint32_t cpus);

#endif
