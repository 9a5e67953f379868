/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pieces of one fixed memory of 8-byte words that the kernel side reads (abi_unwind.h). A place is a word's index, 0
 * is none. What is given back is taken again at once: its owner waits until nobody reads it any more.
 */
#ifndef PROFOUND_ARENA_H
#define PROFOUND_ARENA_H

#include <stdint.h>

struct arena_hole {
	uint32_t place, words;
};

struct arena {
	uint64_t *words; /* borrowed */
	struct arena_hole *holes; /* by place, none touching */
	uint32_t n_holes, cap;
	uint32_t size, used; /* words */
};

/* 0 or -ENOMEM. */
int arena_init(struct arena *arena, uint64_t *words, uint32_t size);
void arena_release(struct arena *arena);

/* A piece of `words`, its content undefined; 0: no room. */
uint32_t arena_take(struct arena *arena, uint32_t words);
/* A piece that was taken, whole. Without memory to note it, it is not taken again. */
void arena_give(struct arena *arena, uint32_t place, uint32_t words);

static inline void *arena_piece(const struct arena *arena, uint32_t place)
{
	return arena->words + place;
}

#endif
