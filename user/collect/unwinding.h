/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What both unwinders go by, in the memory that they share: the tables of files and the spaces of processes. Learns
 * from the samples that are handed over, and tells the kernel side, so that it can walk the next ones itself.
 */
#ifndef PROFOUND_UNWINDING_H
#define PROFOUND_UNWINDING_H

#include "collect/programs.h"
#include "collect/row_chunks.h"
#include "unwind/arena.h"
#include "unwind/spaces.h"
#include "unwind/tables.h"

struct parser_worker;

struct unwinding {
	struct parser_worker *parser; /* who builds tables: files are hostile */
	struct row_chunks *chunks;
	struct arena arena;
	struct tables *tables;
	struct spaces *spaces;
};

/* `programs` are borrowed. 0 or -ENOMEM; release it in any case. */
int unwinding_init(struct unwinding *unwinding, const struct programs *programs);
void unwinding_release(struct unwinding *unwinding);

/* Adds what went wrong so far to the counters, by enum abi_counter. */
void unwinding_count(const struct unwinding *unwinding, uint64_t *counters);
/* Tables that have no room in the kernel now. */
uint32_t unwinding_on_heap(const struct unwinding *unwinding);

/* CPU time of the child that builds tables, so far. */
uint64_t unwinding_parser_ns(const struct unwinding *unwinding);

/* An interval was read and resolved. */
void unwinding_epoch(struct unwinding *unwinding);

#endif
