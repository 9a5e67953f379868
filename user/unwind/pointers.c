// SPDX-License-Identifier: GPL-2.0-or-later
#include "unwind/pointers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int add(struct pointers *pointers, uint64_t offset)
{
	uint32_t cap = pointers->cap ? 2 * pointers->cap : 64;
	uint64_t *offsets;

	if (pointers->n == pointers->cap) {
		offsets = realloc(pointers->offsets, cap * sizeof(*offsets));
		if (!offsets)
			return -ENOMEM;
		pointers->offsets = offsets;
		pointers->cap = cap;
	}
	pointers->offsets[pointers->n++] = offset;
	return 0;
}

static int add_word(struct pointers *pointers, const struct snapshot_map *map, uint64_t word)
{
	int err = 0;

	for (uint64_t address = word - 1; address != word + 2 && !err; address++)
		if (address >= map->start && address < map->end)
			err = add(pointers, map->offset + (address - map->start));
	return err;
}

static int add_map(struct pointers *pointers, const struct snapshot *snapshot, const struct snapshot_map *map)
{
	const struct stack_copy *stack = &snapshot->stack;
	uint64_t word;
	int err = 0;

	for (int i = 0; i < 17 && !err; i++)
		err = add_word(pointers, map, snapshot->reg[i]);
	for (uint64_t at = (stack->from + 7) & ~7ULL; at + 8 <= stack->len && !err; at += 8) {
		memcpy(&word, stack->bytes + at, sizeof(word));
		err = add_word(pointers, map, word);
	}
	return err;
}

static int by_value(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static void sort(struct pointers *pointers)
{
	uint32_t used = 0;

	if (pointers->n)
		qsort(pointers->offsets, pointers->n, sizeof(*pointers->offsets), by_value);
	for (uint32_t i = 0; i < pointers->n; i++)
		if (!used || pointers->offsets[i] != pointers->offsets[used - 1])
			pointers->offsets[used++] = pointers->offsets[i];
	pointers->n = used;
}

int pointers_init(struct pointers *pointers, const struct snapshot *snapshot, uint32_t file)
{
	int err = 0;

	*pointers = (struct pointers){0};
	for (uint32_t i = 0; i < snapshot->n_maps && !err; i++)
		if (snapshot->maps[i].file == file)
			err = add_map(pointers, snapshot, &snapshot->maps[i]);
	if (err)
		pointers_release(pointers);
	else
		sort(pointers);
	return err;
}

void pointers_release(struct pointers *pointers)
{
	free(pointers->offsets);
	*pointers = (struct pointers){0};
}
