// SPDX-License-Identifier: GPL-2.0-or-later
#include "unwind/shared_table.h"

#include <errno.h>
#include <string.h>

#include "step_rows.h"

static uint32_t list_words(uint32_t n_pages)
{
	return n_pages + 1;
}

static uint32_t index_words(uint32_t n_blocks)
{
	return (n_blocks + 1) / 2;
}

static struct abi_page *list_of(const struct shared_table *shared, const struct arena *arena)
{
	return arena_piece(arena, shared->pages);
}

/* Whole blocks below ABI_PAGES_END: an address that equals it would be past the end of the list. */
#define SPAN_MAX (ABI_PAGES_END & ~((1U << ABI_BLOCK_SHIFT) - 1))

/* From the base to the last row, and one more byte that it holds for. */
static uint64_t span(const struct unwind_table *table)
{
	const struct abi_row *rows = &table->rows[(size_t)(table->pages - 1) * ABI_ROWS];
	uint32_t last = 0;

	while (last + 1 < ABI_ROWS && rows[last + 1].offset != ABI_ROW_UNUSED)
		last++;
	return table->bases[table->pages - 1] - table->bases[0] + rows[last].offset + 1;
}

static void give_pages(const struct abi_page *list, uint32_t n, struct row_pool *pool)
{
	for (uint32_t i = 0; i < n; i++)
		row_pool_give(pool, list[i].number);
}

static int put_page(struct row_pool *pool, const struct abi_row *rows, uint32_t *number)
{
	struct abi_row *page;
	int err = row_pool_take(pool, number);

	if (err)
		return err;
	page = row_pool_page(pool, *number);
	if (!page) {
		row_pool_give(pool, *number);
		return -ENOMEM;
	}
	memcpy(page, rows, ROW_POOL_PAGE);
	return 0;
}

static int fill_list(
	struct abi_page *list, const struct unwind_table *table, struct row_pool *pool)
{
	for (uint32_t i = 0; i < table->pages; i++) {
		int err = put_page(pool, &table->rows[(size_t)i * ABI_ROWS], &list[i].number);

		if (err) {
			give_pages(list, i, pool);
			return err;
		}
		list[i].base = (uint32_t)(table->bases[i] - table->bases[0]);
	}
	list[table->pages] = (struct abi_page){ABI_PAGES_END, 0};
	return 0;
}

static void fill_index(uint32_t *index, uint32_t n_blocks, const struct abi_page *list)
{
	uint32_t page = 0;

	for (uint32_t block = 0; block < n_blocks; block++) {
		while (list[page + 1].base <= block << ABI_BLOCK_SHIFT)
			page++;
		index[block] = page;
	}
}

int shared_table_init(struct shared_table *out, const struct unwind_table *table,
	struct arena *arena, struct row_pool *pool)
{
	uint64_t bytes = span(table);
	struct shared_table shared = {.base = table->bases[0], .n_pages = table->pages,
		.n_blocks = (uint32_t)((bytes - 1) >> ABI_BLOCK_SHIFT) + 1,
		.n_rows = (uint32_t)table->n_rows};
	int err = -ENOSPC;

	if (bytes > SPAN_MAX)
		return -E2BIG;
	if (row_pool_room(pool) < table->pages)
		return -ENOSPC;
	shared.pages = arena_take(arena, list_words(shared.n_pages));
	shared.blocks = arena_take(arena, index_words(shared.n_blocks));
	if (!shared.pages || !shared.blocks)
		goto give;
	err = fill_list(list_of(&shared, arena), table, pool);
	if (err)
		goto give;
	fill_index(arena_piece(arena, shared.blocks), shared.n_blocks, list_of(&shared, arena));
	*out = shared;
	return 0;
give:
	arena_give(arena, shared.pages, list_words(shared.n_pages));
	arena_give(arena, shared.blocks, index_words(shared.n_blocks));
	return err;
}

void shared_table_release(struct shared_table *shared, struct arena *arena, struct row_pool *pool)
{
	if (!shared->pages)
		return;
	give_pages(list_of(shared, arena), shared->n_pages, pool);
	arena_give(arena, shared->pages, list_words(shared->n_pages));
	arena_give(arena, shared->blocks, index_words(shared->n_blocks));
	*shared = (struct shared_table){0};
}

uint16_t shared_table_find(const struct shared_table *shared, const struct arena *arena,
	struct row_pool *pool, uint64_t address)
{
	const struct abi_page *list = list_of(shared, arena);
	const uint32_t *index = arena_piece(arena, shared->blocks);
	uint64_t from_base = address - shared->base;
	const struct abi_row *rows;
	uint32_t page;

	if (from_base >> ABI_BLOCK_SHIFT >= shared->n_blocks)
		return 0;
	page = index[from_base >> ABI_BLOCK_SHIFT];
	while (list[page + 1].base <= from_base)
		page++;
	rows = row_pool_page(pool, list[page].number);
	if (!rows)
		return 0;
	return rows[rows_search(rows, rows_offset(from_base - list[page].base))].rule;
}

uint64_t shared_table_bytes(const struct shared_table *shared)
{
	return shared->n_pages * ROW_POOL_PAGE +
	       sizeof(uint64_t) *
		       (list_words(shared->n_pages) + index_words(shared->n_blocks));
}
