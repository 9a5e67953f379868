/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One table of an OTLP dictionary, written entry by entry: otlp_table_begin(), the entry's fields, otlp_table_end(),
 * which takes an entry back that is equal to an earlier one. Tables may share a wire, and their entries take turns there, but
 * none begins inside another. A failure is left in the wire.
 */
#ifndef PROFOUND_OTLP_TABLE_H
#define PROFOUND_OTLP_TABLE_H

#include <stdint.h>

#include "base/wire.h"

#define OTLP_TABLE_BATCH 32

struct otlp_pending { /* an entry that has ended and has no index yet */
	size_t entry;
	uint32_t hash;
	bool unique;
	uint32_t *index;
};

struct otlp_table {
	struct wire *out;
	size_t origin; /* offsets of entries count from here */
	size_t entry, begun; /* the entry that is being written: its tag, its first field */
	uint32_t count;
	uint8_t field;
	struct otlp_slot *slots; /* open addressing, by hash of an entry's bytes */
	uint32_t mask;
	struct otlp_known *known; /* entries that can be found */
	uint32_t n_known, known_cap;
	struct otlp_pending pending[OTLP_TABLE_BATCH];
	uint32_t n_pending;
};

/* Writes entry 0, the zero value, to `out`, which outlives the table and only grows. */
void otlp_table_init(struct otlp_table *table, struct wire *out, unsigned field);
void otlp_table_release(struct otlp_table *table);
/* Room to find so many more entries without growing step by step. */
void otlp_table_reserve(struct otlp_table *table, uint32_t entries);

void otlp_table_begin(struct otlp_table *table);
/* The index of the entry: that of an equal one that ended here before, 0 where no field was written. */
uint32_t otlp_table_end(struct otlp_table *table);

/*
 * The same for many: *index is set by otlp_table_flush() at the latest, before which the wire takes no entry of another
 * table. Looking up one entry waits for memory; looking up many waits once. `unique`: no other one is equal to it, and it
 * is not looked up.
 */
void otlp_table_end_later(struct otlp_table *table, bool unique, uint32_t *index);
void otlp_table_flush(struct otlp_table *table);

/* A whole entry of a table of strings. */
uint32_t otlp_table_string(struct otlp_table *table, const char *text, size_t len);
/* The same for a text that no other one is equal to. */
uint32_t otlp_table_unique_string(struct otlp_table *table, const char *text, size_t len);

#endif
