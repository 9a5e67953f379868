// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "object/excerpt.h"
#include "object/go_table.h"

#define CODE_MAX 65536    /* of one function */
#define SEGMENT_MAX (1u << 20)
#define FUNC_SIZE 64      /* struct _func and what may follow it */
#define HEADER_SIZE 72

static void add_segments(struct excerpt *excerpt, const struct elf *elf, uint32_t flags)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];

		if ((segment->p_flags & (PF_W | PF_X)) == flags && segment->p_filesz <= SEGMENT_MAX)
			excerpt_add(excerpt, elf, segment->p_offset, segment->p_filesz);
	}
}

/* What tells where the code starts, and what a PIE's table is relocated by. */
static void add_module(struct excerpt *excerpt, const struct elf *elf)
{
	const Elf64_Shdr *module = elf_section(elf, ".go.module");

	if (module && module->sh_size <= SEGMENT_MAX)
		excerpt_add(excerpt, elf, module->sh_offset, module->sh_size);
	else
		add_segments(excerpt, elf, PF_W);
	for (uint32_t i = 0; elf->type == ET_DYN && i < elf->n_sections; i++)
		if (elf->sections[i].sh_type == SHT_RELA && elf->sections[i].sh_flags & SHF_ALLOC)
			excerpt_add(excerpt, elf, elf->sections[i].sh_offset, elf->sections[i].sh_size);
}

/* Pairs of varints, up to a change of 0 that is not the first. */
static size_t pcsp_size(const struct go_table *table, size_t pcsp)
{
	bool value = true, zero = true, first = true;
	size_t at = pcsp;

	for (; at < table->size; at++) {
		zero &= !table->data[at];
		if (table->data[at] & 0x80)
			continue;
		if (value && zero && !first)
			break;
		value = !value;
		first = false;
		zero = true;
	}
	return at + 1 - pcsp;
}

static void add_code(struct excerpt *excerpt, const struct elf *elf, const struct go_function *function)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];
		uint64_t skip = function->start - segment->p_vaddr, before = skip < 16 ? skip : 16;
		uint64_t size = function->end - function->start;

		if (segment->p_flags & PF_X && function->start >= segment->p_vaddr && skip < segment->p_filesz)
			excerpt_add(excerpt, elf, segment->p_offset + skip - before,
				(size < CODE_MAX ? size : CODE_MAX) + before);
	}
}

/* functab's entry i: the offset of its struct _func from functab. */
static uint64_t func_offset(const struct go_table *table, uint32_t i)
{
	size_t word = table->magic == GO_1_16 ? 8 : 4;
	uint64_t offset = 0;

	memcpy(&offset, table->data + table->functab + ((size_t)i * 2 + 1) * word, word);
	return offset;
}

static void add_function(struct excerpt *excerpt, const struct elf *elf, const struct go_table *table, uint64_t at,
	uint32_t i)
{
	const char *name;
	struct go_function function;

	if (!go_table_function(table, i, &function))
		return;
	/* sigreturn's rows start a byte before it (go_frame.c). */
	if (i && !excerpt_wants(excerpt, function.start - 1, function.end))
		return;
	excerpt_add(excerpt, elf, at + table->functab + func_offset(table, i), FUNC_SIZE);
	name = go_table_name(table, &function);
	if (*name)
		excerpt_add(excerpt, elf, at + function.name, strlen(name) + 1);
	if (function.pcsp)
		excerpt_add(excerpt, elf, at + function.pcsp, pcsp_size(table, function.pcsp));
	add_code(excerpt, elf, &function);
}

static void add_table(struct excerpt *excerpt, const struct elf *elf, const struct go_table *table, uint64_t at)
{
	uint64_t word = table->magic == GO_1_16 ? 8 : 4;

	excerpt_add(excerpt, elf, at, HEADER_SIZE);
	excerpt_add(excerpt, elf, at + table->functab, (2 * (uint64_t)table->n_functions + 1) * word);
	for (uint32_t i = 0; i < table->n_functions; i++)
		add_function(excerpt, elf, table, at, i);
}

int excerpt_go(struct excerpt *excerpt, const struct elf *elf)
{
	const Elf64_Shdr *section = elf_section(elf, ".gopclntab");
	struct go_table table;

	if (!section)
		section = elf_section(elf, ".data.rel.ro.gopclntab");
	if (go_table_init(&table, elf))
		return 0;
	add_module(excerpt, elf);
	if (section)
		add_table(excerpt, elf, &table, section->sh_offset);
	else
		add_segments(excerpt, elf, 0);
	go_table_release(&table);
	return 0;
}
