// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/elf_symbols.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "object/elf.h"
#include "object/fde_range.h"
#include "symbolize/alias.h"
#include "symbolize/string_table.h"

#define CHUNK 1024u              /* symbols a read */
#define SYMBOLS_MAX (16u << 20)  /* of one table */
#define WORK_OF_NAMES 32         /* what reading names counts, */
#define NAME_BYTES_A_WORK 64     /* and how many of their bytes count one more */

/* A table of symbols; its index in struct elf_symbols is its rank. */
struct table {
	const struct elf *elf; /* not owned */
	uint32_t type;
	const Elf64_Shdr *symbols, *strings;
	struct elf_pages *cache;
};

/* A symbol that an address may belong to; its name stays in the file until the end. */
struct candidate {
	uint64_t start, end; /* end 0: none */
	uint32_t name;
	uint8_t table, binding;
};

/*
 * What is known of one address. `cover` is the best symbol with a size that covers it. A symbol without a size
 * reaches up to whatever comes next in its section; `label` and `stop` are the nearest one of these and the
 * nearest end of a sized symbol in the gap between the previous address and this one, so that a symbol costs one
 * search and not a walk; they are carried over the addresses once, at the end.
 */
struct want {
	struct candidate cover, label;
	uint64_t stop;
};

struct elf_symbols {
	struct batch *batch;
	struct want *wants; /* one an item */
	struct table tables[ELF_SYMBOLS_TABLES];
	uint32_t n_tables;
	uint32_t *work; /* not owned */
	bool whole; /* a .symtab was read: it has the functions that only their own file knows */
	char name[2][STRING_MAX + 1];
};

static bool has_budget(const struct elf_symbols *symbols)
{
	return *symbols->work < ELF_SYMBOLS_WORK_MAX;
}

static int read_name(struct elf_symbols *symbols, uint8_t table, uint32_t name, char *text, size_t *len)
{
	const struct table *from = &symbols->tables[table];
	int err = string_read(from->cache, from->strings, name, text, len);

	*symbols->work += WORK_OF_NAMES / 2 + (err ? 0 : (uint32_t)(*len / NAME_BYTES_A_WORK));
	return err ? err : *len ? 0 : -EINVAL;
}

/* Linkers put these into code sections; they are nobody's code. */
static bool is_marker(const char *name)
{
	static const char *const markers[] = {
		"_etext", "etext", "__etext", "__executable_start", "__bss_start", "_edata", "_end",
	};

	for (size_t i = 0; i < sizeof(markers) / sizeof(*markers); i++)
		if (!strcmp(name, markers[i]))
			return true;
	return !strncmp(name, "__start_", 8) || !strncmp(name, "__stop_", 7);
}

/* An assembly label that names code: no local label, no mapping symbol ($x, $d), no linker's marker. */
static bool label_is_name(struct elf_symbols *r, uint8_t table, uint32_t name)
{
	size_t len;

	if (read_name(r, table, name, r->name[0], &len))
		return false;
	r->name[0][len] = 0;
	return r->name[0][0] != '$' && strncmp(r->name[0], ".L", 2) && !is_marker(r->name[0]);
}

static int by_name(struct elf_symbols *r, const struct candidate *a, const struct candidate *b)
{
	const struct candidate *both[] = {a, b};
	size_t len[2] = {0};

	for (unsigned i = 0; i < 2; i++)
		if (read_name(r, both[i]->table, both[i]->name, r->name[i], &len[i]))
			return i ? -1 : 1;
	return alias_compare(r->name[0], len[0], r->name[1], len[1]);
}

/* The linker may have folded functions of the same code; the lines that are known are one's. */
static int by_function(struct elf_symbols *r, const char *function, const struct candidate *a, const struct candidate *b)
{
	const struct candidate *both[] = {a, b};
	bool is_of[2] = {false, false};
	size_t len;

	for (unsigned i = 0; i < 2; i++)
		if (!read_name(r, both[i]->table, both[i]->name, r->name[i], &len))
			is_of[i] = alias_is_of(r->name[i], len, function);
	return is_of[0] - is_of[1];
}

static int binding_rank(uint8_t binding)
{
	return binding == STB_LOCAL ? 0 : binding == STB_WEAK ? 1 : 2;
}

/* Of two symbols that both cover an address, in the function that debug information calls so; NULL: not known. */
static bool better(struct elf_symbols *r, const char *function, const struct candidate *a, const struct candidate *b)
{
	int rank;

	if (!b->end)
		return true;
	if (a->table != b->table)
		return a->table < b->table;
	if (a->start != b->start)
		return a->start > b->start;
	rank = function && a->name != b->name ? by_function(r, function, a, b) : 0;
	if (rank)
		return rank > 0;
	rank = binding_rank(a->binding) - binding_rank(b->binding);
	if (rank)
		return rank > 0;
	return a->name != b->name && by_name(r, a, b) < 0;
}

static void offer_sized(struct elf_symbols *r, const struct candidate *symbol)
{
	struct batch *batch = r->batch;
	size_t i = batch_first(batch, symbol->start);

	for (; i < batch->count && batch->items[i].address < symbol->end && has_budget(r); i++) {
		++*r->work;
		if (better(r, code_lines_outermost(&batch->items[i].lines), symbol, &r->wants[i].cover))
			r->wants[i].cover = *symbol;
	}
	if (i < batch->count && symbol->end > r->wants[i].stop)
		r->wants[i].stop = symbol->end;
}

static void offer_label(struct elf_symbols *r, const struct candidate *symbol, bool typed)
{
	struct candidate *label = &r->wants[batch_first(r->batch, symbol->start)].label;

	if (label->end && symbol->start < label->start)
		return;
	++*r->work;
	if (!typed && !label_is_name(r, symbol->table, symbol->name))
		return;
	if (!label->end || symbol->start > label->start || better(r, NULL, symbol, label))
		*label = *symbol;
}

static void offer(struct elf_symbols *r, uint8_t table, const Elf64_Sym *raw)
{
	const struct elf *elf = r->tables[table].elf;
	uint8_t type = ELF64_ST_TYPE(raw->st_info);
	const Elf64_Shdr *section;
	struct candidate symbol;
	uint64_t offset;

	if (raw->st_value > r->batch->items[r->batch->count - 1].address || !raw->st_name)
		return;
	if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
		return;
	if (raw->st_shndx == SHN_UNDEF || raw->st_shndx >= elf->n_sections)
		return;
	section = &elf->sections[raw->st_shndx];
	offset = raw->st_value - section->sh_addr;
	if (!(section->sh_flags & SHF_EXECINSTR) || offset >= section->sh_size ||
		section->sh_addr + section->sh_size < section->sh_addr)
		return;
	symbol = (struct candidate){
		.start = raw->st_value, .end = section->sh_addr + section->sh_size,
		.name = raw->st_name, .table = table, .binding = ELF64_ST_BIND(raw->st_info),
	};
	if (!raw->st_size) {
		offer_label(r, &symbol, type != STT_NOTYPE);
		return;
	}
	if (raw->st_size < section->sh_size - offset)
		symbol.end = symbol.start + raw->st_size;
	offer_sized(r, &symbol);
}

static Elf64_Sym widen(const Elf32_Sym *in)
{
	return (Elf64_Sym){
		.st_name = in->st_name, .st_info = in->st_info, .st_other = in->st_other,
		.st_shndx = in->st_shndx, .st_value = in->st_value, .st_size = in->st_size,
	};
}

static void offer_chunk(struct elf_symbols *r, uint8_t table, const void *chunk, size_t count,
	bool narrow)
{
	for (size_t i = 0; i < count && has_budget(r); i++) {
		const Elf32_Sym *small = (const Elf32_Sym *)chunk + i;
		Elf64_Sym symbol = narrow ? widen(small) : ((const Elf64_Sym *)chunk)[i];

		offer(r, table, &symbol);
	}
}

static int stream(struct elf_symbols *r, uint8_t index)
{
	const struct table *table = &r->tables[index];
	const Elf64_Shdr *symbols = table->symbols;
	bool narrow = symbols->sh_entsize == sizeof(Elf32_Sym);
	uint64_t count = symbols->sh_size / symbols->sh_entsize;
	void *chunk = malloc(CHUNK * sizeof(Elf64_Sym));
	int err = 0;

	if (!chunk)
		return -ENOMEM;
	count = count < SYMBOLS_MAX ? count : SYMBOLS_MAX;
	for (uint64_t i = 0; i < count && !err && has_budget(r); i += CHUNK) {
		uint64_t n = count - i < CHUNK ? count - i : CHUNK;

		err = elf_read(table->elf, symbols->sh_offset + i * symbols->sh_entsize, chunk,
			n * symbols->sh_entsize);
		if (!err)
			offer_chunk(r, index, chunk, n, narrow);
	}
	free(chunk);
	return err;
}

/* One whose strings or entries make no sense is no table. */
static bool find_table(struct table *table)
{
	const struct elf *elf = table->elf;
	const Elf64_Shdr *symbols = elf_section_of_type(elf, table->type);

	if (!symbols || symbols->sh_link >= elf->n_sections ||
		elf->sections[symbols->sh_link].sh_type != SHT_STRTAB)
		return false;
	table->symbols = symbols;
	table->strings = &elf->sections[symbols->sh_link];
	return symbols->sh_entsize == sizeof(Elf64_Sym) || symbols->sh_entsize == sizeof(Elf32_Sym);
}

int elf_symbols_add(struct elf_symbols *symbols, const struct elf *elf, uint32_t type)
{
	struct table table = {.elf = elf, .type = type};
	int err;

	if (!find_table(&table))
		return 0;
	if (symbols->n_tables == ELF_SYMBOLS_TABLES)
		return -E2BIG;
	table.cache = calloc(1, sizeof(*table.cache));
	if (!table.cache)
		return -ENOMEM;
	table.cache->elf = elf;
	symbols->tables[symbols->n_tables] = table;
	err = stream(symbols, (uint8_t)symbols->n_tables++);
	symbols->whole |= !err && type == SHT_SYMTAB;
	return err;
}

bool elf_symbols_whole(const struct elf_symbols *symbols)
{
	for (size_t i = 0; i < symbols->batch->count; i++)
		if (!symbols->wants[i].cover.end)
			return false;
	return true;
}

static int set_name(struct elf_symbols *r, struct batch_item *item, const struct candidate *found)
{
	size_t len;
	char *version;

	if (!found || item->name || read_name(r, found->table, found->name, r->name[0], &len))
		return 0;
	version = memchr(r->name[0] + 1, '@', len - 1);
	if (r->tables[found->table].type == SHT_SYMTAB && version)
		len = (size_t)(version - r->name[0]);
	return batch_item_set(item, found->start, 0, r->name[0], len);
}

/* Every item's own label: the nearest before it, unless a sized symbol ends in between. */
static void settle_labels(struct elf_symbols *r)
{
	struct candidate label = {0};
	uint64_t stop = 0;

	for (size_t i = 0; i < r->batch->count; i++) {
		struct want *want = &r->wants[i];

		if (want->label.end && (!label.end || want->label.start >= label.start))
			label = want->label;
		if (want->stop > stop)
			stop = want->stop;
		want->label = label;
		if (want->cover.end || label.start < stop || r->batch->items[i].address >= label.end)
			want->label.end = 0;
	}
}

/* Functions that were stripped may follow a label of .dynsym: it is believed where an FDE says that it is one piece. */
static int trim_labels(struct elf_symbols *r, const struct elf *elf)
{
	struct fde_range *ranges = calloc(r->batch->count, sizeof(*ranges));
	size_t n = 0, at = 0;
	int err;

	if (!ranges)
		return -ENOMEM;
	for (size_t i = 0; i < r->batch->count; i++)
		if (r->wants[i].label.end)
			ranges[n++].start = r->wants[i].label.start;
	err = fde_range_find(elf, ranges, n);
	for (size_t i = 0; i < r->batch->count && !err; i++) {
		struct candidate *label = &r->wants[i].label;

		if (label->end && r->batch->items[i].address >= ranges[at++].end)
			label->end = 0;
	}
	free(ranges);
	return err;
}

int elf_symbols_finish(struct elf_symbols *r)
{
	int err = 0;

	if (!has_budget(r)) /* a better symbol may be among those that were not looked at */
		return 0;
	settle_labels(r);
	if (!r->whole && r->n_tables)
		err = trim_labels(r, r->tables[r->n_tables - 1].elf);
	for (size_t i = 0; i < r->batch->count && !err; i++) {
		const struct want *want = &r->wants[i];
		const struct candidate *found = want->cover.end ? &want->cover : want->label.end ? &want->label : NULL;

		err = set_name(r, &r->batch->items[i], found);
	}
	return err;
}

struct elf_symbols *elf_symbols_new(struct batch *batch, uint32_t *work)
{
	struct elf_symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return NULL;
	symbols->batch = batch;
	symbols->work = work;
	symbols->wants = calloc(batch->count, sizeof(*symbols->wants));
	if (symbols->wants)
		return symbols;
	free(symbols);
	return NULL;
}

void elf_symbols_free(struct elf_symbols *symbols)
{
	if (!symbols)
		return;
	for (uint32_t i = 0; i < symbols->n_tables; i++)
		free(symbols->tables[i].cache);
	free(symbols->wants);
	free(symbols);
}
