// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/plt_symbols.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "object/plt_code.h"
#include "symbolize/string_table.h"

#define CHUNK 1024u                 /* relocations a read */
#define RELOCATIONS_MAX (4u << 20)  /* of all sections */
#define WORK_MAX (1u << 20)         /* relocations of slots that are asked for */
#define NAME_END "@plt"

/* An item in a PLT entry, and what will name it. */
struct stub {
	size_t item;
	uint64_t start; /* of the entry */
	uint64_t slot;  /* the GOT's; by which stubs are sorted */
};

struct plt {
	const struct elf *elf;
	struct batch *batch, *chosen;
	struct stub *stubs;
	size_t count;
	struct elf_pages *cache;
	uint32_t work;
};

int plt_symbols_set(struct batch_item *item, uint64_t start, const char *name, size_t len)
{
	char text[STRING_MAX + sizeof(NAME_END)];

	if (len > STRING_MAX)
		len = STRING_MAX;
	memcpy(text, name, len);
	memcpy(text + len, NAME_END, sizeof(NAME_END));
	return batch_item_set(item, start, 0, text, len + sizeof(NAME_END) - 1);
}

/* The slot that a relocation of .rela.plt fills, by the number that lazy binding is asked with. */
static int slot_of_number(const struct elf *elf, uint32_t number, uint64_t *slot)
{
	const Elf64_Shdr *section = elf_section(elf, ".rela.plt");
	Elf64_Rela relocation;
	int err;

	if (!section || section->sh_type != SHT_RELA || number >= section->sh_size / sizeof(relocation))
		return -ENOENT;
	err = elf_read(elf, section->sh_offset + (uint64_t)number * sizeof(relocation), &relocation,
		sizeof(relocation));
	if (!err)
		*slot = relocation.r_offset;
	return err;
}

static int read_code(const struct elf *elf, const Elf64_Shdr *section, uint64_t at,
	uint8_t code[PLT_ENTRY], size_t *len)
{
	if (at >= section->sh_size)
		return -ENOENT;
	*len = section->sh_size - at < PLT_ENTRY ? section->sh_size - at : PLT_ENTRY;
	return elf_read(elf, section->sh_offset + at, code, *len);
}

/* What a section is laid out as: all its entries have the size of the first. 0 or -ENOENT. */
static int read_layout(const struct elf *elf, const Elf64_Shdr *section, uint64_t *first,
	uint64_t *each)
{
	uint8_t code[PLT_ENTRY];
	const struct plt_shape *shape;
	size_t len;

	*first = 0;
	if (read_code(elf, section, 0, code, &len))
		return -ENOENT;
	if (plt_code_header(code, len)) {
		*first = PLT_ENTRY;
		if (read_code(elf, section, PLT_ENTRY, code, &len))
			return -ENOENT;
	}
	shape = plt_code_entry(code, len);
	if (!shape)
		return -ENOENT;
	*each = plt_shape_bytes(shape);
	return 0;
}

/* The slot of the entry at `at` of the section. */
static int read_entry(const struct elf *elf, const Elf64_Shdr *section, uint64_t at, uint64_t each,
	uint64_t *slot)
{
	uint8_t code[PLT_ENTRY];
	const struct plt_shape *shape;
	size_t len;
	int err = read_code(elf, section, at, code, &len);

	if (err)
		return err;
	shape = plt_code_entry(code, len);
	if (!shape || plt_shape_bytes(shape) != each)
		return -ENOENT;
	if (shape->number && !shape->slot)
		return slot_of_number(elf, plt_shape_number(shape, code), slot);
	*slot = plt_shape_slot(shape, code, section->sh_addr + at);
	return 0;
}

static void add_stubs(struct plt *plt, const Elf64_Shdr *section)
{
	uint64_t first, each;

	if (section->sh_addr + section->sh_size < section->sh_addr ||
		read_layout(plt->elf, section, &first, &each))
		return;
	for (size_t i = batch_first(plt->batch, section->sh_addr + first); i < plt->batch->count; i++) {
		const struct batch_item *item = &plt->batch->items[i];
		uint64_t at = item->address - section->sh_addr, slot;

		if (at >= section->sh_size)
			break;
		at = first + (at - first) / each * each;
		if (item->name || plt->count == plt->batch->count ||
			read_entry(plt->elf, section, at, each, &slot))
			continue;
		plt->stubs[plt->count++] = (struct stub){i, section->sh_addr + at, slot};
	}
}

static void find_stubs(struct plt *plt)
{
	static const char *const names[] = {".plt", ".plt.sec", ".plt.got", ".plt.bnd", ".iplt"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const Elf64_Shdr *section = elf_section(plt->elf, names[i]);

		if (section && section->sh_type == SHT_PROGBITS && section->sh_flags & SHF_EXECINSTR)
			add_stubs(plt, section);
	}
}

static int by_slot(const void *left, const void *right)
{
	const struct stub *a = left, *b = right;

	if (a->slot != b->slot)
		return a->slot < b->slot ? -1 : 1;
	return (a->item > b->item) - (a->item < b->item);
}

static size_t first_stub(const struct plt *plt, uint64_t slot)
{
	size_t low = 0, high = plt->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (plt->stubs[middle].slot < slot)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The name of a symbol of the table that the relocation's section leads to; one that has none is no error. */
static int name_by_symbol(struct plt *plt, const Elf64_Shdr *relocations, uint32_t index,
	const struct stub *stub)
{
	const struct elf *elf = plt->elf;
	const Elf64_Shdr *table, *strings;
	char name[STRING_MAX + 1];
	Elf64_Sym symbol;
	size_t len;

	if (!index || relocations->sh_link >= elf->n_sections)
		return 0;
	table = &elf->sections[relocations->sh_link];
	if (table->sh_entsize != sizeof(symbol) || table->sh_link >= elf->n_sections ||
		index >= table->sh_size / sizeof(symbol) ||
		elf_read(elf, table->sh_offset + (uint64_t)index * sizeof(symbol), &symbol, sizeof(symbol)))
		return 0;
	strings = &elf->sections[table->sh_link];
	if (strings->sh_type != SHT_STRTAB || string_read(plt->cache, strings, symbol.st_name, name, &len) || !len)
		return 0;
	return plt_symbols_set(&plt->batch->items[stub->item], stub->start, name, len);
}

static int take(struct plt *plt, const Elf64_Shdr *section, const Elf64_Rela *relocation)
{
	uint32_t type = ELF64_R_TYPE(relocation->r_info);
	int err = 0;

	for (size_t i = first_stub(plt, relocation->r_offset); i < plt->count && !err; i++) {
		const struct stub *stub = &plt->stubs[i];
		struct batch_item *item = &plt->batch->items[stub->item];

		if (stub->slot != relocation->r_offset)
			break;
		if (item->name || ++plt->work > WORK_MAX)
			continue;
		if (type == R_X86_64_IRELATIVE && plt->chosen->count < plt->count) {
			item->start = stub->start;
			err = batch_add(plt->chosen, (uint64_t)relocation->r_addend, (uint32_t)stub->item);
		} else if (type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT) {
			err = name_by_symbol(plt, section, ELF64_R_SYM(relocation->r_info), stub);
		}
	}
	return err;
}

static int stream(struct plt *plt, const Elf64_Shdr *section, uint64_t count)
{
	Elf64_Rela *chunk = malloc(CHUNK * sizeof(*chunk));
	int err = chunk ? 0 : -ENOMEM;

	for (uint64_t i = 0; i < count && !err; i += CHUNK) {
		uint64_t n = count - i < CHUNK ? count - i : CHUNK;

		err = elf_read(plt->elf, section->sh_offset + i * sizeof(*chunk), chunk, n * sizeof(*chunk));
		for (uint64_t j = 0; j < n && !err; j++)
			err = take(plt, section, &chunk[j]);
	}
	free(chunk);
	return err;
}

/* A static program's relocations are in no dynamic table; they are all in sections that are loaded. */
static int name_stubs(struct plt *plt)
{
	uint64_t left = RELOCATIONS_MAX;
	int err = 0;

	qsort(plt->stubs, plt->count, sizeof(*plt->stubs), by_slot);
	for (uint32_t i = 1; i < plt->elf->n_sections && !err; i++) {
		const Elf64_Shdr *section = &plt->elf->sections[i];
		uint64_t count = section->sh_size / sizeof(Elf64_Rela);

		if (section->sh_type != SHT_RELA || !(section->sh_flags & SHF_ALLOC))
			continue;
		count = count < left ? count : left;
		left -= count;
		err = stream(plt, section, count);
	}
	return err;
}

int plt_symbols_resolve(const struct elf *elf, struct batch *batch, struct batch *chosen)
{
	struct plt plt = {.elf = elf, .batch = batch, .chosen = chosen};
	int err = 0;

	if (elf->machine != EM_X86_64 || elf->class != ELFCLASS64 || !batch->count)
		return 0;
	plt.stubs = calloc(batch->count, sizeof(*plt.stubs));
	plt.cache = calloc(1, sizeof(*plt.cache));
	if (!plt.stubs || !plt.cache) {
		err = -ENOMEM;
	} else {
		plt.cache->elf = elf;
		find_stubs(&plt);
		if (plt.count)
			err = name_stubs(&plt);
	}
	free(plt.stubs);
	free(plt.cache);
	return err;
}
