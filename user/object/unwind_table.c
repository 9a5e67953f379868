// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/unwind_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object/elf.h"
#include "object/row_set.h"
#include "object/unwind_sources.h"
#include "step_rows.h"

#define UNSUPPORTED 1 /* rules.h */
#define OFFSET_MAX (ABI_ROW_UNUSED - 1)

/* Rows in ascending order to pages; equal neighbours become one. */
struct pages {
	struct unwind_table *table;
	uint32_t cap;  /* pages */
	uint32_t used; /* rows of the last page */
	uint16_t rule; /* of the last row */
};

static int grow(struct pages *pages)
{
	struct unwind_table *table = pages->table;
	uint32_t cap = pages->cap ? 2 * pages->cap : 4;
	struct abi_row *rows = realloc(table->rows, (size_t)cap * ABI_ROWS * sizeof(*rows));
	uint64_t *bases;

	if (!rows)
		return -ENOMEM;
	table->rows = rows;
	bases = realloc(table->bases, cap * sizeof(*bases));
	if (!bases)
		return -ENOMEM;
	table->bases = bases;
	pages->cap = cap;
	return 0;
}

static struct abi_row *last_page(const struct pages *pages)
{
	return &pages->table->rows[(size_t)(pages->table->pages - 1) * ABI_ROWS];
}

static void fill_page(struct pages *pages)
{
	struct abi_row *rows = last_page(pages);

	for (uint32_t i = pages->used; i < ABI_ROWS; i++)
		rows[i] = (struct abi_row){ABI_ROW_UNUSED, 0};
}

static int new_page(struct pages *pages, uint64_t base)
{
	struct unwind_table *table = pages->table;

	if (table->pages == UNWIND_TABLE_PAGES)
		return -E2BIG;
	if (table->pages)
		fill_page(pages);
	if (table->pages == pages->cap && grow(pages))
		return -ENOMEM;
	table->bases[table->pages++] = base;
	pages->used = 0;
	return 0;
}

static int put_row(void *context, uint64_t start, uint16_t rule)
{
	struct pages *pages = context;
	struct unwind_table *table = pages->table;
	uint64_t offset = table->pages ? start - table->bases[table->pages - 1] : 0;

	if (table->pages && rule == pages->rule)
		return 0;
	if (!table->pages || pages->used == ABI_ROWS || offset > OFFSET_MAX) {
		int err = new_page(pages, start);

		if (err)
			return err;
		offset = 0;
	}
	last_page(pages)[pages->used++] = (struct abi_row){(uint16_t)offset, rule};
	pages->rule = rule;
	table->n_rows++;
	table->unsupported += rule == UNSUPPORTED;
	return 0;
}

/* Gives back what grow() took too much. */
static void shrink(struct unwind_table *table)
{
	size_t pages = table->pages;
	struct abi_row *rows = realloc(table->rows, pages * ABI_ROWS * sizeof(*rows));
	uint64_t *bases = realloc(table->bases, pages * sizeof(*bases));

	if (rows)
		table->rows = rows;
	if (bases)
		table->bases = bases;
}

static int build_pages(struct unwind_table *table, const struct row_set *set)
{
	struct pages pages = {.table = table};
	int err = row_set_each(set, put_row, &pages);

	if (err)
		return err;
	if (!table->pages)
		return -ENODATA;
	fill_page(&pages);
	shrink(table);
	return 0;
}

static int build(struct unwind_table *table, const struct elf *elf, struct rules *rules)
{
	struct unwind_notes notes = {0};
	struct row_set set;
	int err;

	if (elf->machine != EM_X86_64 || elf->class != ELFCLASS64)
		return -ENOEXEC;
	row_set_init(&set, elf, rules);
	err = unwind_sources_read(elf, &set, &notes);
	if (!err)
		err = build_pages(table, &set);
	table->no_room = set.no_room + notes.limited;
	table->overlaps = set.overlaps;
	table->broken = notes.broken;
	table->skipped = notes.skipped;
	row_set_release(&set);
	return err;
}

int unwind_table_init(struct unwind_table *table, int fd, struct rules *rules)
{
	struct elf elf;
	int err = elf_init(&elf, fd);

	*table = (struct unwind_table){0};
	if (err)
		return err;
	err = build(table, &elf, rules);
	elf_release(&elf);
	if (err)
		unwind_table_release(table);
	return err;
}

void unwind_table_release(struct unwind_table *table)
{
	free(table->rows);
	free(table->bases);
	*table = (struct unwind_table){0};
}

/* The last page whose base is at or below the address; pages when there is none. */
static uint32_t find_page(const struct unwind_table *table, uint64_t address)
{
	uint32_t low = 0, high = table->pages;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (table->bases[middle] <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : table->pages;
}

uint16_t unwind_table_find(const struct unwind_table *table, uint64_t address)
{
	uint32_t page = find_page(table, address);
	const struct abi_row *rows = &table->rows[(size_t)page * ABI_ROWS];
	uint64_t offset;

	if (page == table->pages)
		return 0;
	offset = address - table->bases[page];
	return rows[rows_search(rows, offset > OFFSET_MAX ? OFFSET_MAX : (uint32_t)offset)].rule;
}
