/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ids of a file, which may be any numbers and mostly count up from 1, and what they are the ids of. */
#ifndef PROFOUND_ID_TABLE_H
#define PROFOUND_ID_TABLE_H

#include <stdint.h>

struct id_entry {
	uint64_t id;
	uint32_t index;
};

/* A zeroed struct is empty. */
struct id_table {
	struct id_entry *at;
	uint32_t count, cap;
};

void id_table_release(struct id_table *table);
/* The next index. 0 or -ENOMEM. */
int id_table_add(struct id_table *table, uint64_t id);
/* Once all are there. 0; -EEXIST: an id twice, in *twice. */
int id_table_sort(struct id_table *table, uint64_t *twice);
/* The index, or UINT32_MAX. */
uint32_t id_table_find(const struct id_table *table, uint64_t id);

#endif
