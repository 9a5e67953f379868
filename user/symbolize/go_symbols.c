// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/go_symbols.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "object/go_module.h"
#include "object/go_table.h"
#include "symbolize/go_values.h"
#include "symbolize/string_table.h"

#define RANK 8 /* above an ELF symbol's */
#define STEPS_A_BYTE 4 /* of code, which is part of the file, in each of three tables */
#define TEXT_A_BYTE 4  /* of the file, and as much as TEXT_AN_ITEM: bytes of names that are copied */
#define TEXT_AN_ITEM 4096
#define TEXT_MOST (128u << 20)

/* Go's src/internal/abi/symtab.go. */
enum { PCDATA_INL_TREE_INDEX = 2, FUNCDATA_INL_TREE = 3 };

struct resolver {
	struct go_table table;
	struct go_module module;
	struct elf_pages *pages; /* of what is outside of the table, and of names */
	Elf64_Shdr names, files; /* as string tables */
	struct batch *batch;
	uint64_t steps, text;
	char function[STRING_MAX + 4], file[STRING_MAX + 1];
};

/* The function at hand, decoded. */
struct decoded {
	struct go_function go;
	struct go_values files, lines, inlined;
	uint64_t tree, tree_left; /* in the file; 0: nothing was inlined */
};

/* What an entry of the inlining tree says. */
struct call {
	uint64_t name; /* offset from the header */
	uint32_t parent_pc, first_line;
};

/* Into `to`, NUL-terminated. False: there is none, or the budget is used up. */
static bool read_text(struct resolver *r, const Elf64_Shdr *strings, uint64_t index, char *to)
{
	size_t len;

	if (string_read(r->pages, strings, index, to, &len) || !len || len >= r->text)
		return false;
	to[len] = 0;
	r->text -= len + 1;
	return true;
}

/* funcNameForPrint(): what is between the first [ and the last ] is not told. */
static void shorten(char *name)
{
	char *open = strchr(name, '['), *close = strrchr(name, ']');

	if (!open || !close || close < open)
		return;
	memmove(open + 4, close, strlen(close) + 1);
	memcpy(open + 1, "...", 3);
}

static bool read_name(struct resolver *r, uint64_t name)
{
	if (name < r->table.names || !read_text(r, &r->names, name - r->table.names, r->function))
		return false;
	if (r->table.magic != GO_1_16) /* no type arguments */
		shorten(r->function);
	return true;
}

static bool read_file(struct resolver *r, const struct decoded *decoded, int32_t number)
{
	uint32_t offset;

	if (number < 0 || go_table_read(&r->table, r->table.units + ((uint64_t)decoded->go.unit + (uint32_t)number) * 4,
		&offset, sizeof(offset)))
		return false;
	return offset != UINT32_MAX && read_text(r, &r->files, offset, r->file);
}

static bool read_call(struct resolver *r, const struct decoded *decoded, int32_t i, struct call *call)
{
	bool wide = r->table.magic != GO_1_20;
	uint32_t entry[5];
	size_t size = wide ? 20 : 16;

	if (!decoded->tree || decoded->tree_left / size <= (uint32_t)i ||
		elf_pages_read(r->pages, decoded->tree + (uint64_t)i * size, entry, size))
		return false;
	*call = (struct call){r->table.names + entry[wide ? 3 : 1], entry[wide ? 4 : 2], wide ? 0 : entry[3]};
	return true;
}

/* One line for the code at an offset in the function, of the function whose name is in r->function. */
static int add_line(struct resolver *r, const struct decoded *decoded, uint32_t at, uint32_t first_line,
	struct code_lines *lines)
{
	int32_t file = go_values_at(&decoded->files, at), line = go_values_at(&decoded->lines, at);
	struct code_line one = {.function = r->function, .first_line = first_line};

	if (file >= 0 && line > 0 && read_file(r, decoded, file)) {
		one.file = r->file;
		one.line = (uint32_t)line;
	}
	return code_lines_add(lines, &one);
}

/*
 * From the innermost outwards. A parent's index is below its child's (LocalInlTree in cmd/internal/obj/inl.go and
 * pcln.go: addBranch adds parents first), so that a tree has an end.
 */
static int walk_tree(struct resolver *r, const struct decoded *decoded, uint32_t at, struct code_lines *lines)
{
	int32_t i = go_values_at(&decoded->inlined, at), before = INT32_MAX;

	while (i >= 0) {
		struct call call;
		int err;

		if (i >= before || !read_call(r, decoded, i, &call) || !read_name(r, call.name) ||
			call.parent_pc >= decoded->go.end - decoded->go.start)
			return -EINVAL;
		err = add_line(r, decoded, at, call.first_line, lines);
		if (err)
			return err;
		at = call.parent_pc;
		before = i;
		i = go_values_at(&decoded->inlined, at);
	}
	if (!read_name(r, decoded->go.name))
		return -EINVAL;
	return add_line(r, decoded, at, decoded->go.first_line, lines);
}

static int resolve_item(struct resolver *r, const struct decoded *decoded, struct batch_item *item)
{
	struct code_lines lines = {0};
	int err;

	if (!read_name(r, decoded->go.name))
		return 0;
	err = batch_item_set(item, decoded->go.start, RANK, r->function, strlen(r->function));
	if (!err)
		err = walk_tree(r, decoded, (uint32_t)(item->address - decoded->go.start), &lines);
	if (err) {
		code_lines_release(&lines);
		return err == -ENOMEM ? err : 0;
	}
	code_lines_release(&item->lines);
	item->lines = lines;
	return 0;
}

/* The file offset of a function's inlining tree. */
static void find_tree(struct resolver *r, struct decoded *decoded)
{
	uint64_t at = decoded->go.pcdata + (uint64_t)decoded->go.n_pcdata * 4, address = 0;
	size_t word = r->table.magic == GO_1_16 ? 8 : 4;

	decoded->tree = 0;
	if (decoded->go.n_funcdata <= FUNCDATA_INL_TREE)
		return;
	if (word == 8)
		at += (r->table.address + at) & 4;
	if (go_table_read(&r->table, at + FUNCDATA_INL_TREE * word, &address, word))
		return;
	if (word == 4 && (address == UINT32_MAX || !r->module.gofunc))
		return;
	if (word == 4)
		address += r->module.gofunc;
	if (elf_offset_of_address(r->table.elf, address, &decoded->tree, &decoded->tree_left))
		decoded->tree = 0;
}

static uint64_t inlined_table(struct resolver *r, const struct go_function *function)
{
	uint32_t number;

	if (function->n_pcdata <= PCDATA_INL_TREE_INDEX ||
		go_table_read(&r->table, function->pcdata + PCDATA_INL_TREE_INDEX * 4, &number, sizeof(number)))
		return 0;
	return go_table_pctab(&r->table, number);
}

static int decode(struct resolver *r, struct decoded *decoded)
{
	const struct go_function *go = &decoded->go;
	int err = go_values_read(&decoded->files, &r->table, go, go->pcfile, &r->steps);

	if (!err)
		err = go_values_read(&decoded->lines, &r->table, go, go->pcln, &r->steps);
	if (!err)
		err = go_values_read(&decoded->inlined, &r->table, go, inlined_table(r, go), &r->steps);
	if (!err)
		find_tree(r, decoded);
	return err;
}

/* The last function of [from, n) that starts at or before `offset`; those wanted are near the one before. */
static int find_function(const struct go_table *table, uint64_t offset, uint32_t from, uint32_t *found)
{
	uint64_t low = from, high, step = 1, start, func;
	int err;

	for (high = low + step; high < table->n_functions; high = low + step, step *= 2) {
		err = go_table_entry(table, (uint32_t)high, &start, &func);
		if (err)
			return err;
		if (start > offset)
			break;
		low = high;
	}
	high = high < table->n_functions ? high : table->n_functions;
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		err = go_table_entry(table, (uint32_t)middle, &start, &func);
		if (err)
			return err;
		if (start <= offset)
			low = middle;
		else
			high = middle;
	}
	*found = (uint32_t)low;
	return 0;
}

static int resolve_all(struct resolver *r, struct decoded *decoded)
{
	const struct go_table *table = &r->table;
	struct batch *batch = r->batch;
	size_t i = batch_first(batch, table->text + table->low);
	uint32_t at = 0;
	int err = 0;

	while (i < batch->count && batch->items[i].address < table->text + table->high && !err) {
		uint64_t address = batch->items[i].address;

		err = find_function(table, address - table->text, at, &at);
		if (err)
			return err;
		if (!go_table_function(table, at, &decoded->go) || address < decoded->go.start ||
			address >= decoded->go.end || decoded->go.end - decoded->go.start > UINT32_MAX) {
			i++;
			continue;
		}
		err = decode(r, decoded);
		for (; i < batch->count && batch->items[i].address < decoded->go.end && !err; i++)
			err = resolve_item(r, decoded, &batch->items[i]);
	}
	return err;
}

static Elf64_Shdr strings_at(const struct go_table *table, uint64_t at)
{
	return (Elf64_Shdr){.sh_offset = table->offset + at, .sh_size = table->size - at};
}

static void set_up(struct resolver *r, const struct elf *elf, struct batch *batch)
{
	uint64_t text = TEXT_A_BYTE * elf->size + TEXT_AN_ITEM * (uint64_t)batch->count;

	r->batch = batch;
	r->pages->elf = elf;
	r->names = strings_at(&r->table, r->table.names);
	r->files = strings_at(&r->table, r->table.files);
	r->steps = STEPS_A_BYTE * elf->size;
	r->text = text < TEXT_MOST ? text : TEXT_MOST;
	if (go_module_find(&r->module, &r->table)) /* then lines of inlined functions are not told */
		r->module = (struct go_module){0};
}

int go_symbols_resolve(const struct elf *elf, struct batch *batch)
{
	struct decoded decoded = {0};
	struct resolver *r;
	int err;

	if (!batch->count)
		return 0;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	err = go_table_find(&r->table, elf);
	if (err)
		goto free_resolver;
	r->pages = calloc(1, sizeof(*r->pages));
	err = -ENOMEM;
	if (!r->pages)
		goto release_table;
	set_up(r, elf, batch);
	err = resolve_all(r, &decoded);
	go_values_release(&decoded.files);
	go_values_release(&decoded.lines);
	go_values_release(&decoded.inlined);
	free(r->pages);
release_table:
	go_table_release(&r->table);
free_resolver:
	free(r);
	return err;
}
