/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Searches a segment, as it stands in the file, for words of 8 bytes at addresses that are multiples of 8. Read in
 * pieces, as far as its caller's budget goes: segments may overlap, and any word may look like a wanted one.
 */
#ifndef PROFOUND_ELF_WORDS_H
#define PROFOUND_ELF_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "object/elf.h"

struct elf_words {
	const uint64_t *values;
	uint32_t n_values;
	bool (*is_it)(void *context, uint64_t offset); /* offset in the file; true ends the search */
	void *context;
	uint32_t *tries; /* how many places may still be looked at; counted down */
	uint64_t *bytes; /* how many may still be read; counted down */
};

/* Whether is_it() said so of a place. */
bool elf_words_find(const struct elf_words *words, const struct elf *elf, const Elf64_Phdr *segment);

#endif
