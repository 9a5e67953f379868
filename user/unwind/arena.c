// SPDX-License-Identifier: GPL-2.0-or-later
#include "unwind/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int arena_init(struct arena *arena, uint64_t *words, uint32_t size)
{
	*arena = (struct arena){.words = words, .size = size, .cap = 16};
	arena->holes = malloc(arena->cap * sizeof(*arena->holes));
	if (!arena->holes)
		return -ENOMEM;
	arena->holes[0] = (struct arena_hole){1, size - 1};
	arena->n_holes = 1;
	return 0;
}

void arena_release(struct arena *arena)
{
	free(arena->holes);
	*arena = (struct arena){0};
}

static void remove_hole(struct arena *arena, uint32_t i)
{
	arena->n_holes--;
	memmove(&arena->holes[i], &arena->holes[i + 1],
		(arena->n_holes - i) * sizeof(*arena->holes));
}

uint32_t arena_take(struct arena *arena, uint32_t words)
{
	for (uint32_t i = 0; words && i < arena->n_holes; i++) {
		struct arena_hole *hole = &arena->holes[i];
		uint32_t place = hole->place;

		if (hole->words < words)
			continue;
		hole->place += words;
		hole->words -= words;
		if (!hole->words)
			remove_hole(arena, i);
		arena->used += words;
		return place;
	}
	return 0;
}

static int reserve(struct arena *arena)
{
	struct arena_hole *holes;

	if (arena->n_holes < arena->cap)
		return 0;
	holes = realloc(arena->holes, arena->cap * 2 * sizeof(*holes));
	if (!holes)
		return -ENOMEM;
	arena->holes = holes;
	arena->cap *= 2;
	return 0;
}

/* The first hole behind `place`. */
static uint32_t search(const struct arena *arena, uint32_t place)
{
	uint32_t low = 0, high = arena->n_holes;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (arena->holes[middle].place > place)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Holes i - 1 and i become one if they touch. */
static void join(struct arena *arena, uint32_t i)
{
	struct arena_hole *before = &arena->holes[i - 1];

	if (!i || i >= arena->n_holes || before->place + before->words != arena->holes[i].place)
		return;
	before->words += arena->holes[i].words;
	remove_hole(arena, i);
}

void arena_give(struct arena *arena, uint32_t place, uint32_t words)
{
	uint32_t i = search(arena, place);

	if (!place)
		return;
	arena->used -= words;
	if (reserve(arena))
		return;
	memmove(&arena->holes[i + 1], &arena->holes[i],
		(arena->n_holes - i) * sizeof(*arena->holes));
	arena->holes[i] = (struct arena_hole){place, words};
	arena->n_holes++;
	join(arena, i + 1);
	join(arena, i);
}
