/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who a process is: the program that it runs, what it states of itself, its cgroup. The first two follow its execs, and a
 * child has its parent's. Texts are interned in a table of the caller's, whose id 0 is "": not known.
 */
#ifndef PROFOUND_PROCESS_FACTS_H
#define PROFOUND_PROCESS_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/intern.h"
#include "process/proc_read.h"
#include "process/program.h"

struct process_facts {
	struct program program;
	struct program stated;
	uint32_t cgroup; /* proc_read.h's */
	bool published;  /* a process context was read since the last exec */
};

/* A zeroed struct knows nothing. */
void process_facts_inherit(struct process_facts *facts, const struct process_facts *parent);
void process_facts_exec(struct process_facts *facts, uint64_t time_ns);
/* Something was mapped, as program_takes_mapping() asks. 0 or -ENOMEM. */
int process_facts_map(struct process_facts *facts, struct intern *texts, const struct object *object, const char *path);

/* What was read waits for its place among the records. Texts are there for as long as their table: a read without memory
 * for them knows less. */
void process_facts_read(struct process_facts *facts, struct intern *texts, const struct proc_read *read);
/* It takes its place, as program_settle() says. What a process has published stays until it execs: a child that has
 * published nothing is part of the service that its parent is. */
void process_facts_settle(struct process_facts *facts, const struct proc_read *read, bool lost);

/* NULL: not known. At a time, CLOCK_MONOTONIC; what is stated as stated.h has it. */
const char *process_facts_exe(const struct process_facts *facts, const struct intern *texts, uint64_t time_ns);
const char *process_facts_stated(const struct process_facts *facts, const struct intern *texts, uint64_t time_ns);
const char *process_facts_cgroup(const struct process_facts *facts, const struct intern *texts);

#endif
