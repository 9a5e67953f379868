// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/memory_plan.h"

#include "abi.h"

#define ENTRIES_MIN 256
#define ENTRIES_LEAST 32 /* under the tightest memory limit */
#define ENTRIES_MAX 8192 /* 5.10 takes no value of more than 4 MiB */
#define WORDS_PER_ENTRY 32
#define RING_MIN (512U << 10)
#define RING_MAX (16U << 20)
#define RING_PER_CPU (2ULL << 20)
#define ARENA_WORDS_MIN (1U << 15)
#define ARENA_WORDS_MAX (1U << 18) /* as ENTRIES_MAX */
#define CHUNK_BYTES ((uint64_t)ABI_CHUNK_PAGES * ABI_ROWS * sizeof(struct abi_row))

static uint32_t power_of_two(uint64_t at_least)
{
	uint32_t power = 1;

	while (power < at_least)
		power *= 2;
	return power;
}

static void set_entries(struct memory_plan *plan, uint32_t entries)
{
	plan->entries = entries;
	plan->slots = entries * 4;
	plan->words = entries * WORDS_PER_ENTRY;
}

uint64_t memory_plan_banks(const struct memory_plan *plan, uint32_t cpus)
{
	return 2ULL * cpus *
	       (plan->entries * sizeof(struct abi_entry) + plan->slots * sizeof(struct abi_slot) +
		       (plan->words + ABI_STACK_WORDS) * sizeof(uint64_t) + sizeof(struct abi_bank));
}

/*
 * Room for two seconds of nothing but new stacks, drained every second and when it is half full; less when that
 * would take more than a quarter: it is drained more often then.
 */
static void plan_banks(struct memory_plan *plan, uint32_t cpus, uint64_t samples_per_second,
	uint64_t memory_bytes)
{
	uint64_t entries = samples_per_second * 2;

	if (entries < ENTRIES_MIN)
		entries = ENTRIES_MIN;
	if (entries > ENTRIES_MAX)
		entries = ENTRIES_MAX;
	set_entries(plan, power_of_two(entries));
	while (plan->entries > ENTRIES_LEAST && memory_plan_banks(plan, cpus) > memory_bytes / 4)
		set_entries(plan, plan->entries / 2);
}

/* 2 MiB a CPU, within a quarter. */
static uint32_t plan_ring(uint32_t cpus, uint64_t memory_bytes)
{
	uint64_t bytes = RING_MAX;

	while (bytes > RING_MIN && (bytes > cpus * RING_PER_CPU || bytes > memory_bytes / 4))
		bytes /= 2;
	return (uint32_t)bytes;
}

/* A 64th. */
static uint32_t plan_arena(uint64_t memory_bytes)
{
	uint32_t words = ARENA_WORDS_MIN;

	while (words < ARENA_WORDS_MAX && words * 2 * sizeof(uint64_t) <= memory_bytes / 64)
		words *= 2;
	return words;
}

/* What the others leave. */
static uint32_t plan_chunks(const struct memory_plan *plan, uint32_t cpus, uint64_t memory_bytes)
{
	uint64_t taken = memory_plan_banks(plan, cpus) + plan->ring_bytes +
			 plan->arena_words * sizeof(uint64_t) + 2 * plan->heap_bytes;
	uint64_t n = taken < memory_bytes ? (memory_bytes - taken) / CHUNK_BYTES : 0;

	return n < 1 ? 1 : n > ABI_CHUNKS ? ABI_CHUNKS : (uint32_t)n;
}

void memory_plan(struct memory_plan *plan, uint32_t cpus, uint64_t samples_per_second,
	uint64_t memory_bytes)
{
	plan_banks(plan, cpus, samples_per_second, memory_bytes);
	plan->ring_bytes = plan_ring(cpus, memory_bytes);
	plan->arena_words = plan_arena(memory_bytes);
	plan->heap_bytes = memory_bytes / 8; /* and as much again for what is collected */
	plan->chunks = plan_chunks(plan, cpus, memory_bytes);
}
