/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The identities by pid, the one born last first. An identity is joined from two sides that show different clocks:
 * a FORK record (its time, CLOCK_MONOTONIC) and a sample (the start, CLOCK_BOOTTIME). copy_process() in
 * kernel/fork.c takes the start shortly before it sends the record, so a start belongs to the first FORK after it.
 */
#ifndef PROFOUND_PROCESS_TABLE_H
#define PROFOUND_PROCESS_TABLE_H

#include "process/clocks.h"
#include "process/process_entry.h"

#define FORK_LATEST_NS 1000000000ULL /* a FORK record is sent at most that long after the start */
#define CLOCK_SLACK_NS 20000ULL      /* error of the conversion between the clocks */

struct process_table {
	struct process_entry **buckets;
	uint32_t mask, count;
};

void process_table_release(struct process_table *table);

/* The entry of `pid` that lived at `time_ns`; NULL: none. */
struct process_entry *process_table_at(const struct process_table *table, uint32_t pid,
	uint64_t time_ns);
/* The entry of `pid` with this start (born_ns is the same on the other clock), or the one it fits; NULL: none. */
struct process_entry *process_table_started(const struct process_table *table, uint32_t pid,
	uint64_t start_ns, uint64_t born_ns);
/* The sampled entry that a FORK record of `pid` at `time_ns` is about; NULL: none. */
struct process_entry *process_table_forked(const struct process_table *table, uint32_t pid,
	uint64_t time_ns);

/* A new entry without mappings. NULL: no memory. */
struct process_entry *process_table_add(struct process_table *table, uint32_t pid,
	uint64_t born_ns);
/* Frees the entries for which `drop` says so. */
void process_table_sieve(struct process_table *table,
	bool (*drop)(void *context, struct process_entry *entry), void *context);

#endif
