// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/large.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MAPPED ((size_t)1 << 20)
#define HUGE_PAGES ((size_t)4 << 20) /* two of them: below, much of one would be filled for nothing */

static void *advise(void *block, size_t size)
{
	if (block == MAP_FAILED)
		return NULL;
	if (size >= HUGE_PAGES)
		madvise(block, size, MADV_HUGEPAGE);
	return block;
}

static void *map(size_t size)
{
	return advise(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), size);
}

void *large_alloc(size_t size)
{
	return size < MAPPED ? calloc(1, size + !size) : map(size);
}

static void *move(void *block, size_t from, size_t to)
{
	void *moved = to < MAPPED ? malloc(to + !to) : map(to);

	if (!moved)
		return NULL;
	if (block)
		memcpy(moved, block, from < to ? from : to);
	large_free(block, from);
	return moved;
}

void *large_resize(void *block, size_t from, size_t to)
{
	if (from < MAPPED && to < MAPPED)
		return realloc(block, to + !to);
	if (from < MAPPED || to < MAPPED)
		return move(block, from, to);
	return advise(mremap(block, from, to, MREMAP_MAYMOVE), to);
}

void large_free(void *block, size_t size)
{
	if (!block || size < MAPPED)
		free(block);
	else
		munmap(block, size);
}
