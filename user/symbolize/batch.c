// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void batch_release(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		free(batch->items[i].name);
		code_lines_release(&batch->items[i].lines);
	}
	free(batch->items);
	*batch = (struct batch){0};
}

int batch_add(struct batch *batch, uint64_t address, uint32_t frame)
{
	if (batch->count == batch->cap) {
		size_t cap = batch->cap ? batch->cap * 2 : 16;
		struct batch_item *items = reallocarray(batch->items, cap, sizeof(*items));

		if (!items)
			return -ENOMEM;
		batch->items = items;
		batch->cap = cap;
	}
	batch->items[batch->count++] =
		(struct batch_item){.address = address, .frame = frame, .rank = -1};
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct batch_item *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return (a->frame > b->frame) - (a->frame < b->frame);
}

void batch_sort(struct batch *batch)
{
	if (batch->count)
		qsort(batch->items, batch->count, sizeof(*batch->items), compare);
}

size_t batch_first(const struct batch *batch, uint64_t address)
{
	const struct batch_item *base = batch->items;
	size_t n = batch->count;

	if (!n)
		return 0;
	while (n > 1) {
		size_t half = n / 2;

		base += base[half - 1].address < address ? half : 0;
		n -= half;
	}
	return (size_t)(base - batch->items) + (base->address < address);
}

int batch_item_set(struct batch_item *item, uint64_t start, int rank, const char *name,
	size_t name_len)
{
	char *copy = strndup(name, name_len);

	if (!copy)
		return -ENOMEM;
	free(item->name);
	item->name = copy;
	item->start = start;
	item->rank = rank;
	return 0;
}

void batch_item_clear(struct batch_item *item)
{
	free(item->name);
	item->name = NULL;
	item->start = 0;
	item->rank = -1;
}

void batch_item_dispute(struct batch_item *item, int rank)
{
	batch_item_clear(item);
	item->rank = rank;
}

bool batch_item_is_disputed(const struct batch_item *item)
{
	return !item->name && item->rank >= 0;
}

static bool wins(const struct batch_item *item, uint64_t start, int rank, const char *name,
	size_t name_len)
{
	size_t had;

	if (rank != item->rank)
		return rank > item->rank;
	if (!item->name)
		return false;
	if (start != item->start)
		return start > item->start;
	had = strlen(item->name);
	if (name_len != had)
		return name_len < had;
	return memcmp(name, item->name, had) < 0;
}

static bool is_renamed_by(
	const struct batch_item *item, int rank, const char *name, size_t name_len)
{
	return item->name && rank > item->rank &&
	       (strlen(item->name) != name_len || memcmp(item->name, name, name_len));
}

int batch_offer(struct batch *batch, uint64_t start, uint64_t end, int rank, const char *name,
	size_t name_len)
{
	if (!batch->count || start > batch->items[batch->count - 1].address ||
		end <= batch->items[0].address)
		return 0;
	for (size_t i = batch_first(batch, start); i < batch->count; i++) {
		struct batch_item *item = &batch->items[i];
		int err;

		if (item->address >= end)
			break;
		if (batch->visits == BATCH_VISITS_MAX)
			return -E2BIG;
		batch->visits++;
		if (!wins(item, start, rank, name, name_len))
			continue;
		item->renamed |= is_renamed_by(item, rank, name, name_len);
		err = batch_item_set(item, start, rank, name, name_len);
		if (err)
			return err;
	}
	return 0;
}
