/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interned byte strings: equal bytes get one id, ids count up from 0 in the order of arrival. Used for text,
 * frames, stacks and keys alike. Bytes are stored 8-aligned and followed by a NUL, so an id of text is a C
 * string; a pointer from intern_get() is good until the next intern_add().
 */
#ifndef PROFOUND_INTERN_H
#define PROFOUND_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct intern_item {
	uint64_t offset; /* in `bytes` */
	uint32_t len;
	uint32_t hash;
};

struct intern {
	char *bytes;
	size_t used, cap;
	struct intern_item *items;
	uint32_t count, items_cap;
	uint32_t *slots; /* id + 1, open addressing */
	uint32_t slots_mask;
};

/* A zeroed struct is an empty table. */
void intern_release(struct intern *table);

/* 0, and *id; or -ENOMEM (also past 2^32 - 2 items), and *id unchanged. */
int intern_add(struct intern *table, const void *data, size_t len, uint32_t *id);
int intern_text(struct intern *table, const char *text, uint32_t *id);
/* Held. */
static inline size_t intern_bytes(const struct intern *table)
{
	return table->cap + table->items_cap * sizeof(*table->items) + (table->slots ? (size_t)table->slots_mask + 1 : 0) *
		sizeof(*table->slots);
}

/* False: it is not in there. */
bool intern_find(const struct intern *table, const void *data, size_t len, uint32_t *id);

/* The bytes of an id below `count`; their number in *len unless it is NULL. */
static inline const void *intern_get(const struct intern *table, uint32_t id, size_t *len)
{
	if (len)
		*len = table->items[id].len;
	return table->bytes + table->items[id].offset;
}

#endif
