/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sink that unwind_table.c builds from: takes ranges and rows in any order, and gives all of
 * them back by address, each address once. 4 bytes a row, 24 a range.
 */
#ifndef PROFOUND_ROW_SET_H
#define PROFOUND_ROW_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "object/elf.h"
#include "object/row_sink.h"
#include "object/rules.h"

#define ROW_SET_ROWS (1u << 23) /* 8 M: the largest browser has under 3 M */
#define ROW_SET_RANGES (1u << 21)

struct row_range {
	uint64_t start; /* the rows' offsets are from here */
	uint32_t skip;  /* the range is [start + skip, start + length) */
	uint32_t length;
	uint32_t row; /* the first */
	uint16_t count;
};

struct row_set {
	const struct elf *elf; /* not owned: its executable segments */
	struct rules *rules;   /* not owned */
	struct abi_row *rows;
	uint32_t n_rows, rows_cap;
	struct row_range *ranges; /* settled ones first: disjoint, ascending */
	uint32_t n_ranges, ranges_cap, n_settled;
	bool open;
	uint64_t end;      /* of the open range */
	uint64_t no_room;  /* rows that a full dictionary, ROW_SET_ROWS or ROW_SET_RANGES turned
			      unsupported or away */
	uint64_t overlaps; /* ranges of one source that were shortened or dropped for another one */
};

/* Both zeroed members and what is given; nothing is allocated yet. */
void row_set_init(struct row_set *set, const struct elf *elf, struct rules *rules);
void row_set_release(struct row_set *set);

/* What a source fills; `set` is its context. */
struct row_sink row_set_sink(struct row_set *set);

/* The source is done: what the next one says of the same addresses does not count. 0 or -ENOMEM. */
int row_set_settle(struct row_set *set);

/*
 * All settled rows by ascending address, with rule 0 where a range ends and none follows at once.
 * Stops at and returns the first result that is not 0.
 */
int row_set_each(const struct row_set *set,
	int (*row)(void *context, uint64_t start, uint16_t rule), void *context);

#endif
