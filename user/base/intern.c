// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/intern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

void intern_release(struct intern *table)
{
	free(table->bytes);
	free(table->items);
	free(table->slots);
	*table = (struct intern){0};
}

static int grow_slots(struct intern *table)
{
	uint32_t mask = table->slots ? table->slots_mask * 2 + 1 : 63;
	uint32_t *slots = calloc((size_t)mask + 1, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t id = 0; id < table->count; id++) {
		uint32_t i = table->items[id].hash & mask;

		while (slots[i])
			i = (i + 1) & mask;
		slots[i] = id + 1;
	}
	free(table->slots);
	table->slots = slots;
	table->slots_mask = mask;
	return 0;
}

static int grow_items(struct intern *table)
{
	uint32_t cap = table->items_cap ? table->items_cap * 2 : 64;
	struct intern_item *items = realloc(table->items, (size_t)cap * sizeof(*items));

	if (!items)
		return -ENOMEM;
	table->items = items;
	table->items_cap = cap;
	return 0;
}

static int grow_bytes(struct intern *table, size_t more)
{
	size_t cap = table->cap ? table->cap : 1024;
	char *bytes;

	while (cap < table->used + more)
		cap *= 2;
	bytes = realloc(table->bytes, cap);
	if (!bytes)
		return -ENOMEM;
	table->bytes = bytes;
	table->cap = cap;
	return 0;
}

static int make_room(struct intern *table, size_t stored)
{
	int err = 0;

	if (table->count >= UINT32_MAX / 2)
		return -ENOMEM;
	if (!table->slots || (uint64_t)table->count * 4 >= ((uint64_t)table->slots_mask + 1) * 3)
		err = grow_slots(table);
	if (!err && table->count == table->items_cap)
		err = grow_items(table);
	if (!err && table->cap - table->used < stored)
		err = grow_bytes(table, stored);
	return err;
}

/* The slot of the equal item, or the free one where it belongs. */
static uint32_t *find(const struct intern *table, const void *data, size_t len, uint32_t hash)
{
	uint32_t i = hash & table->slots_mask;

	for (; table->slots[i]; i = (i + 1) & table->slots_mask) {
		const struct intern_item *item = &table->items[table->slots[i] - 1];

		if (item->hash == hash && item->len == len &&
			!memcmp(table->bytes + item->offset, data, len))
			break;
	}
	return &table->slots[i];
}

int intern_add(struct intern *table, const void *data, size_t len, uint32_t *id)
{
	size_t stored = (len + 8) & ~(size_t)7;
	uint32_t hash, *slot;
	int err;

	if (len > UINT32_MAX / 2)
		return -ENOMEM;
	err = make_room(table, stored);
	if (err)
		return err;
	if (!len)
		data = "";
	hash = (uint32_t)XXH3_64bits(data, len);
	slot = find(table, data, len, hash);
	if (*slot) {
		*id = *slot - 1;
		return 0;
	}
	table->items[table->count] = (struct intern_item){table->used, (uint32_t)len, hash};
	memcpy(table->bytes + table->used, data, len);
	memset(table->bytes + table->used + len, 0, stored - len);
	table->used += stored;
	*slot = table->count + 1;
	*id = table->count++;
	return 0;
}

int intern_text(struct intern *table, const char *text, uint32_t *id)
{
	return intern_add(table, text, strlen(text), id);
}

bool intern_find(const struct intern *table, const void *data, size_t len, uint32_t *id)
{
	const uint32_t *slot;

	if (!table->slots || len > UINT32_MAX / 2)
		return false;
	if (!len)
		data = "";
	slot = find(table, data, len, (uint32_t)XXH3_64bits(data, len));
	if (*slot)
		*id = *slot - 1;
	return *slot;
}
