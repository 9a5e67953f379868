// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/elf_words.h"

#include <stdlib.h>

#define WORDS_READ 16384u
#define SCAN_MAX (256u << 20)

static bool is_wanted(const struct elf_words *words, uint64_t value)
{
	for (uint32_t i = 0; i < words->n_values; i++)
		if (words->values[i] == value)
			return true;
	return false;
}

bool elf_words_find(const struct elf_words *words, const struct elf *elf, const Elf64_Phdr *segment)
{
	uint64_t skip = -segment->p_vaddr & 7, size = segment->p_filesz;
	uint64_t count = size > skip ? (size - skip) / 8 : 0;
	uint64_t *block = count ? malloc(WORDS_READ * sizeof(*block)) : NULL;
	uint32_t tries = 0;
	bool found = false;

	count = count < SCAN_MAX / 8 ? count : SCAN_MAX / 8;
	for (uint64_t i = 0; block && i < count && !found; i += WORDS_READ) {
		uint64_t n = count - i < WORDS_READ ? count - i : WORDS_READ, at = segment->p_offset + skip + i * 8;

		if (elf_read(elf, at, block, n * 8))
			break;
		for (uint64_t k = 0; k < n && !found && tries < ELF_WORDS_TRIES; k++)
			if (is_wanted(words, block[k])) {
				tries++;
				found = words->is_it(words->context, at + k * 8);
			}
	}
	free(block);
	return found;
}
