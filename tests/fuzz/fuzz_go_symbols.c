// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two ways in (made_go.h). Names and lines must be whole and bounded. Seeds: tests/fuzz/make_go_corpus.py.
 */
#include <stdlib.h>
#include <string.h>

#include "made_go.h"
#include "symbolize/go_symbols.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct batch_item *item)
{
	const struct code_lines *lines = &item->lines;

	if (lines->count && (!item->name || strcmp(item->name, lines->at[lines->count - 1].function)))
		abort();
	for (uint32_t i = 0; i < lines->count; i++)
		if (!lines->at[i].function || !*lines->at[i].function || (lines->at[i].line && !lines->at[i].file))
			abort();
}

static void try_names(int fd)
{
	struct batch batch = {0};
	struct elf elf;

	if (elf_init(&elf, fd))
		return;
	for (uint32_t i = 0; i < elf.n_segments; i++)
		for (uint64_t k = 0; k < CODE && elf.segments[i].p_flags & PF_X; k += 7)
			batch_add(&batch, elf.segments[i].p_vaddr + k, 0);
	batch_sort(&batch);
	go_symbols_resolve(&elf, &batch);
	for (size_t i = 0; i < batch.count; i++)
		check(&batch.items[i]);
	batch_release(&batch);
	elf_release(&elf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	made_go_try(data, size, try_names);
	return 0;
}
