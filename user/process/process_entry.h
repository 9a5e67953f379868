/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process as its table keeps it: what is known, and what was read and waits for its place among the records.
 */
#ifndef PROFOUND_PROCESS_ENTRY_H
#define PROFOUND_PROCESS_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "process/proc_read.h"
#include "process/process.h"
#include "process/process_facts.h"

struct process_entry {
	struct process process; /* first: a struct process is one of these */
	struct process_entry *next;
	uint64_t born_ns; /* CLOCK_MONOTONIC: of the FORK record or of the start; 0: before we looked */
	uint64_t seen_ns; /* first record */
	uint64_t doubt_ns, doubt_to_ns; /* records were lost in between; 0: none since the last read */
	struct proc_read *read; /* not yet in its place among the records */
	struct process_facts facts;
	bool forked;            /* born_ns is of a FORK record */
	bool was_read;
	bool replaced; /* its pid belongs to another one */
};

void process_entry_free(struct process_entry *entry);

/* Puts the read in its place among the records: called before a record that is newer, or when somebody asks.
 * 0 or -ENOMEM. */
int process_entry_settle(struct process_entry *entry);
int process_entry_settle_before(struct process_entry *entry, uint64_t time_ns);

/* Were records lost that could tell of something else there? */
bool process_entry_in_doubt(const struct process_entry *entry, uint64_t from_ns, uint64_t last_ns);

/* Did it end before that time? Its first thread's exit says little: the others may live on. */
bool process_entry_has_ended(const struct process_entry *entry, uint64_t before_ns);
/* Its mappings go, and it gets none again. */
void process_entry_drop(struct process_entry *entry);
bool process_entry_is_dropped(const struct process_entry *entry);

#endif
