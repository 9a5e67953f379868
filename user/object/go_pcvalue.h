/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of Go's pctab: a value for each stretch of a function's code. Pairs of varints (change of the value in
 * zigzag, bytes of code for which it holds) up to a change of 0 that is not the first: step() in Go's
 * src/runtime/symtab.go, the same from 1.16.15 to 1.26.8.
 */
#ifndef PROFOUND_GO_PCVALUE_H
#define PROFOUND_GO_PCVALUE_H

#include "object/go_table.h"

struct go_pcvalue {
	const struct go_table *table;
	uint64_t next;          /* offset of what is not in [at, end) yet */
	const uint8_t *at, *end;
	uint64_t pc;            /* where the pair read last stops to hold */
	int32_t value;
	bool first;
};

struct go_segment {
	uint64_t start, end; /* may be empty */
	int32_t value;
};

/* `offset` is the table's, one of struct go_function. */
void go_pcvalue_init(struct go_pcvalue *pcvalue, const struct go_table *table, uint64_t offset, uint64_t start);

/* The next stretch, which ends at `limit` at the latest. False: there is none, or *steps are used up. */
bool go_pcvalue_next(struct go_pcvalue *pcvalue, uint64_t *steps, uint64_t limit, struct go_segment *out);

#endif
