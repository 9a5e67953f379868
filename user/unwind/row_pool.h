/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of unwind rows (abi_unwind.h), kept in chunks that the kernel side reads: BPF arrays, or memory files where
 * there is no kernel side. A chunk is created when it is needed and dropped when its last page is given back. Of all
 * chunks a few are mapped at a time, those used last: a mapped one counts as our memory, and in the kernel they all
 * stay as they are.
 */
#ifndef PROFOUND_ROW_POOL_H
#define PROFOUND_ROW_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "abi.h"

#define ROW_POOL_PAGE (ABI_ROWS * sizeof(struct abi_row))
#define ROW_POOL_CHUNK (ABI_CHUNK_PAGES * ROW_POOL_PAGE)
#define ROW_POOL_MAPPED 16

/* Who makes chunks. */
struct row_pool_backing {
	/* A descriptor of ROW_POOL_CHUNK bytes for mmap(2), which the pool closes, or a negative errno. */
	int (*create)(void *context, uint32_t chunk);
	void *context;
	uint32_t chunks; /* at most so many; up to ABI_CHUNKS */
};

struct row_chunk_state {
	int fd; /* -1: not created */
	uint32_t free;
	uint64_t taken[ABI_CHUNK_PAGES / 64];
	struct abi_row *rows; /* NULL: not mapped */
	uint64_t used;        /* the higher, the later */
};

struct row_pool {
	struct row_pool_backing backing;
	struct row_chunk_state *chunks; /* backing.chunks */
	uint32_t created, mapped, pages;
	uint64_t clock;
};

/* Memory files. */
struct row_pool_backing row_pool_files(void);

/* 0 or -ENOMEM. */
int row_pool_init(struct row_pool *pool, const struct row_pool_backing *backing);
void row_pool_release(struct row_pool *pool);

/* Pages that can be taken, chunks that are not created yet among them. */
uint32_t row_pool_room(const struct row_pool *pool);

/* A page's number; -ENOSPC, or what the backing says. */
int row_pool_take(struct row_pool *pool, uint32_t *number);
void row_pool_give(struct row_pool *pool, uint32_t number);

/* A page that was taken, good until the next call. NULL: it cannot be mapped. */
struct abi_row *row_pool_page(struct row_pool *pool, uint32_t number);

#endif
