/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The unwind tables of files that were sampled, built at the first need, and the rules that they share: in the memory
 * that the kernel side reads as well (abi_unwind.h), as long as there is room. A table without room is kept on our own
 * heap, within a limit. Those used last stay.
 *
 * What is evicted may still be read by a program under way: it is given back two tables_epoch() later.
 */
#ifndef PROFOUND_TABLES_H
#define PROFOUND_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "object/object.h"
#include "object/unwind_table.h"
#include "process/mappings.h"
#include "unwind/arena.h"
#include "unwind/row_pool.h"

/* Who builds a file's table: as unwind_table_init(), or -EPIPE where a child that does it died. */
struct tables_builder {
	int (*build)(void *context, struct unwind_table *table, int fd, struct rules *rules);
	void *context;
};

/* What the kernel side reads; borrowed. */
struct tables_memory {
	struct abi_rule *rules; /* ABI_RULES, zeroed */
	struct arena *arena;
	struct row_pool_backing backing;
	uint64_t heap_bytes; /* what tables without room may take */
	struct tables_builder builder; /* .build NULL: unwind_table_init() */
};

struct tables;

/* `memory` NULL: all of it our own. NULL: no memory. */
struct tables *tables_new(const struct tables_memory *memory);
void tables_free(struct tables *tables);

/*
 * The rule at an offset of a file (of the vDSO's image), good until the next call. NULL: the file cannot be read,
 * has no unwind information at all, or no segment there. A rule of CFA_NONE: its tables do not cover the address.
 */
const struct abi_rule *tables_find(
	struct tables *tables, const struct object *object, uint64_t offset);

/* How the kernel side finds rows in a mapping: all of *map. Builds nothing: MAP_DEFER where no table is. */
void tables_map(const struct tables *tables, const struct mapping *mapping, struct abi_map *map);

/* The file was seen in a stack. */
void tables_use(struct tables *tables, uint32_t object);

/* An interval is over (spaces.h). Gives back what was evicted before the last one, and finds room for those without. */
void tables_epoch(struct tables *tables);

/* Changes when a table was evicted: every abi_map from before is to be made anew at once. */
uint32_t tables_state(const struct tables *tables);

struct tables_figures {
	uint32_t shared, on_heap; /* tables, with and without room */
	uint64_t evicted;
	uint64_t failed; /* that the builder died at */
	uint64_t rows; /* in shared ones */
	uint64_t bytes; /* that they take, directories included */
};

struct tables_figures tables_figures(const struct tables *tables);

#endif
