// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/elf_names.h"

#include <errno.h>
#include <stdlib.h>

#define BLOCK 2048u

/* NUL-terminated; NULL: no memory, or they cannot be read. */
static char *read_strings(const struct elf *elf, const Elf64_Shdr *section, size_t *size)
{
	size_t len = section->sh_size < ELF_NAMES_STRINGS ? section->sh_size : ELF_NAMES_STRINGS;
	char *strings = malloc(len + 1);

	if (!strings || elf_read(elf, section->sh_offset, strings, len)) {
		free(strings);
		return NULL;
	}
	strings[len] = '\0';
	*size = len;
	return strings;
}

static bool tell(const Elf64_Sym *block, uint64_t n, uint64_t first, const char *strings, size_t size,
	elf_name_fn *each, void *context)
{
	for (uint64_t i = 0; i < n; i++)
		if (block[i].st_name && block[i].st_name < size &&
			!each(context, strings + block[i].st_name, &block[i], (uint32_t)(first + i)))
			return false;
	return true;
}

static int stream(const struct elf *elf, const Elf64_Shdr *table, const char *strings, size_t size,
	elf_name_fn *each, void *context)
{
	uint64_t count = table->sh_size / sizeof(Elf64_Sym);
	Elf64_Sym *block = malloc(BLOCK * sizeof(*block));
	int err = block ? 0 : -ENOMEM;

	count = count < ELF_NAMES_SYMBOLS ? count : ELF_NAMES_SYMBOLS;
	for (uint64_t i = 0; i < count && !err; i += BLOCK) {
		uint64_t n = count - i < BLOCK ? count - i : BLOCK;

		err = elf_read(elf, table->sh_offset + i * sizeof(*block), block, n * sizeof(*block));
		if (!err && !tell(block, n, i, strings, size, each, context))
			break;
	}
	free(block);
	return err;
}

int elf_names_each(const struct elf *elf, uint32_t type, elf_name_fn *each, void *context)
{
	const Elf64_Shdr *table = elf_section_of_type(elf, type);
	char *strings;
	size_t size;
	int err;

	if (!table || elf->class != ELFCLASS64)
		return 0;
	if (table->sh_link >= elf->n_sections)
		return -EIO;
	strings = read_strings(elf, &elf->sections[table->sh_link], &size);
	if (!strings)
		return -EIO;
	err = stream(elf, table, strings, size, each, context);
	free(strings);
	return err;
}
