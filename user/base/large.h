/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Large blocks that live for a short time: mappings of their own, so that what is freed is the system's again, growing
 * moves pages and not bytes, and what is not touched costs nothing. Where a block is of many pages they are large ones,
 * if there are any: a fault a page of 4 KiB costs more than filling it. Blocks below 1 MiB are malloc()'s.
 */
#ifndef PROFOUND_LARGE_H
#define PROFOUND_LARGE_H

#include <stddef.h>

/* Zeroed. NULL: no memory. */
void *large_alloc(size_t size);
/* What is new is not always zeroed. NULL: no memory, and the block is what it was. A NULL block has size 0. */
void *large_resize(void *block, size_t from, size_t to);
void large_free(void *block, size_t size);

#endif
