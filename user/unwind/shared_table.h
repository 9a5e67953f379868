/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One file's rows where the kernel side reads them: pages in a row_pool, and in the arena the pages' list and the index
 * by blocks (abi_unwind.h).
 */
#ifndef PROFOUND_SHARED_TABLE_H
#define PROFOUND_SHARED_TABLE_H

#include <stdint.h>

#include "object/unwind_table.h"
#include "unwind/arena.h"
#include "unwind/row_pool.h"

struct shared_table {
	uint64_t base;   /* ELF virtual address of the first page */
	uint32_t pages;  /* place; 0: no table */
	uint32_t blocks; /* place */
	uint32_t n_pages, n_blocks;
	uint32_t n_rows;
};

/* Copies the rows. 0; -ENOSPC; -E2BIG (more than 4 GiB of text); what the pool says; nothing is taken on failure. */
int shared_table_init(struct shared_table *shared, const struct unwind_table *table,
	struct arena *arena, struct row_pool *pool);
void shared_table_release(
	struct shared_table *shared, struct arena *arena, struct row_pool *pool);

/* The rule id at an ELF virtual address, as unwind_table_find(). */
uint16_t shared_table_find(const struct shared_table *shared, const struct arena *arena,
	struct row_pool *pool, uint64_t address);

/* Of the pages with their padding, the list and the index. */
uint64_t shared_table_bytes(const struct shared_table *shared);

#endif
