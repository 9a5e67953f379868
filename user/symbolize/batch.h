/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses that want names, and the best symbol seen for each so far. A source of symbols is streamed past the
 * batch once, so that its cost in memory is that of the addresses asked for, not of its table: 1,000,000 symbols
 * cost nothing when 20 addresses want one.
 */
#ifndef PROFOUND_BATCH_H
#define PROFOUND_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/frame.h"
#include "symbolize/code_lines.h"

/* How often items are looked at for one hostile source whose symbols all cover everything. */
#define BATCH_VISITS_MAX (16u << 20)

struct batch_item {
	uint64_t address;
	uint32_t frame; /* whose: for the caller */
	int rank;       /* of the name so far, higher is better; < 0: none */
	uint64_t start; /* of the symbol found */
	char *name;     /* owned; NULL: none */
	enum frame_type type; /* UNKNOWN: the name tells, or nobody */
	bool renamed;   /* a name of lower rank gave way to another one */
	struct code_lines lines; /* empty: not known; the last one's function is `name`, if there is one */
};

struct batch {
	struct batch_item *items; /* sorted by address once batch_sort() was called */
	size_t count, cap;
	uint32_t visits;
};

/* A zeroed struct is an empty batch. batch_add: 0 or -ENOMEM. */
void batch_release(struct batch *batch);
int batch_add(struct batch *batch, uint64_t address, uint32_t frame);
void batch_sort(struct batch *batch);

/* The first item of a sorted batch with an address of at least `address`; count: none. */
size_t batch_first(const struct batch *batch, uint64_t address);

/*
 * Offers a symbol that covers [start, end). It is taken by every item inside that has none, or one of lower rank;
 * of equal rank the one that starts later wins (the innermost), then the shorter name, then the smaller by strcmp.
 * 0, -ENOMEM, or -E2BIG: the source has used up its visits, stop.
 */
int batch_offer(struct batch *batch, uint64_t start, uint64_t end, int rank, const char *name,
	size_t name_len);

/* Gives an item this name whatever it had. 0 or -ENOMEM. */
int batch_item_set(struct batch_item *item, uint64_t start, int rank, const char *name,
	size_t name_len);
/* Takes an item's name away, not its lines. */
void batch_item_clear(struct batch_item *item);
/* The same, and no source of a lower rank gives it one: what was there is two functions', and nobody knows which. */
void batch_item_dispute(struct batch_item *item, int rank);
bool batch_item_is_disputed(const struct batch_item *item);

#endif
