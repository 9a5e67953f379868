// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/id_table.h"

#include <errno.h>
#include <stdlib.h>

#include "import/array.h"

void id_table_release(struct id_table *table)
{
	free(table->at);
	*table = (struct id_table){0};
}

int id_table_add(struct id_table *table, uint64_t id)
{
	struct id_entry *at = array_grow(table->at, table->count, &table->cap, sizeof(*at));

	if (!at)
		return -ENOMEM;
	table->at = at;
	at[table->count] = (struct id_entry){id, table->count};
	table->count++;
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct id_entry *a = left, *b = right;

	return (a->id > b->id) - (a->id < b->id);
}

int id_table_sort(struct id_table *table, uint64_t *twice)
{
	uint32_t sorted = 1;

	while (sorted < table->count && table->at[sorted - 1].id < table->at[sorted].id)
		sorted++;
	if (sorted >= table->count)
		return 0;
	qsort(table->at, table->count, sizeof(*table->at), compare);
	for (sorted = 1; sorted < table->count; sorted++)
		if (table->at[sorted - 1].id == table->at[sorted].id) {
			*twice = table->at[sorted].id;
			return -EEXIST;
		}
	return 0;
}

uint32_t id_table_find(const struct id_table *table, uint64_t id)
{
	uint32_t from = 0, to = table->count;

	if (id && id <= to && table->at[id - 1].id == id)
		return table->at[id - 1].index;
	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (table->at[middle].id < id)
			from = middle + 1;
		else
			to = middle;
	}
	return from < table->count && table->at[from].id == id ? table->at[from].index : UINT32_MAX;
}
