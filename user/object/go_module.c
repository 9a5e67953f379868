// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/go_module.h"

#include <errno.h>

#include "object/elf_relocations.h"
#include "object/elf_words.h"

/* In words: pcHeader, six slices, findfunctab, minpc, maxpc, text, etext and what is behind. */
enum { HEADER = 0, MINPC = 20, MAXPC = 21, TEXT = 22, ETEXT = 23, GOFUNC_1_18 = 38, GOFUNC_1_20 = 40, WORDS = 41 };
enum { WORDS_NEEDED = 24 };

struct search {
	struct go_table *table;
	struct go_module found;
	uint64_t places[GO_MODULES_TRIED]; /* addresses that relocations point to the table */
	uint32_t n_places;
};

static bool is_module(const struct go_table *table, const uint64_t *words)
{
	uint64_t base = table->magic == GO_1_16 ? 0 : words[TEXT];

	return words[HEADER] == table->address && words[MINPC] == base + table->low &&
		words[MAXPC] == base + table->high && words[MAXPC] <= words[ETEXT];
}

static bool look_at(struct search *search, uint64_t offset)
{
	const struct elf *elf = search->table->elf;
	uint64_t words[WORDS] = {0}, address, size = sizeof(words);

	if (offset >= elf->size || elf_address_of_offset(elf, offset, &address))
		return false;
	if (size > elf->size - offset)
		size = WORDS_NEEDED * 8;
	if (elf_read(elf, offset, words, size) ||
		elf_relocations_apply(elf, &search->table->budget.relocations, address, words, size))
		return false;
	if (!is_module(search->table, words))
		return false;
	search->found.text = words[TEXT];
	search->found.gofunc = search->table->magic == GO_1_18 ? words[GOFUNC_1_18] :
		search->table->magic == GO_1_20 ? words[GOFUNC_1_20] : 0;
	return true;
}

static bool on_word(void *context, uint64_t offset)
{
	return look_at(context, offset);
}

static bool on_relocation(void *context, uint64_t place, uint64_t value)
{
	struct search *search = context;

	if (search->n_places == search->table->budget.modules)
		return false;
	if (value == search->table->address)
		search->places[search->n_places++] = place;
	return true;
}

static bool search_places(struct search *search)
{
	struct go_budget *budget = &search->table->budget;
	uint64_t offset, left;

	if (elf_relocations_each(search->table->elf, &budget->relocations, on_relocation, search))
		return false;
	for (uint32_t i = 0; i < search->n_places; i++) {
		budget->modules--;
		if (!elf_offset_of_address(search->table->elf, search->places[i], &offset, &left) &&
			look_at(search, offset))
			return true;
	}
	return false;
}

static bool search_segments(struct search *search)
{
	struct go_budget *budget = &search->table->budget;
	const struct elf_words words = {&search->table->address, 1, on_word, search, &budget->modules, &budget->bytes};
	const struct elf *elf = search->table->elf;

	for (uint32_t i = 0; i < elf->n_segments; i++)
		if (elf->segments[i].p_flags & PF_W && elf_words_find(&words, elf, &elf->segments[i]))
			return true;
	return false;
}

int go_module_find(struct go_module *module, struct go_table *table)
{
	struct search search = {.table = table};

	if (!table->budget.modules || (!search_places(&search) && !search_segments(&search)))
		return -ENODATA;
	*module = search.found;
	return 0;
}
