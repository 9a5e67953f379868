// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/elf_words.h"

#include <stdlib.h>

#define WORDS_READ 16384u

static bool is_wanted(const struct elf_words *words, uint64_t value)
{
	for (uint32_t i = 0; i < words->n_values; i++)
		if (words->values[i] == value)
			return true;
	return false;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

bool elf_words_find(const struct elf_words *words, const struct elf *elf, const Elf64_Phdr *segment)
{
	uint64_t skip = -segment->p_vaddr & 7, size = segment->p_filesz;
	uint64_t count = size > skip ? (size - skip) / 8 : 0;
	uint64_t *block = count && *words->tries ? malloc(WORDS_READ * sizeof(*block)) : NULL;
	bool found = false;

	for (uint64_t i = 0; block && i < count && !found && *words->tries; i += WORDS_READ) {
		uint64_t n = least(least(count - i, WORDS_READ), *words->bytes / 8);
		uint64_t at = segment->p_offset + skip + i * 8;

		if (!n || elf_read(elf, at, block, n * 8))
			break;
		*words->bytes -= n * 8;
		for (uint64_t k = 0; k < n && !found && *words->tries; k++)
			if (is_wanted(words, block[k])) {
				--*words->tries;
				found = words->is_it(words->context, at + k * 8);
			}
	}
	free(block);
	return found;
}
