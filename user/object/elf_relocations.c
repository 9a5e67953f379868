// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/elf_relocations.h"

#include <stdlib.h>
#include <string.h>

#define RELOCATIONS_MAX (16u << 20)
#define RELOCATIONS_READ 2048u
#define TABLES_MAX 4

struct copy {
	uint64_t address;
	uint8_t *data;
	size_t size;
};

static bool stream(const struct elf *elf, const Elf64_Shdr *section, Elf64_Rela *block, elf_relocation_fn *each,
	void *context)
{
	uint64_t count = section->sh_size / sizeof(*block);

	for (uint64_t i = 0; i < count && i < RELOCATIONS_MAX; i += RELOCATIONS_READ) {
		uint64_t n = count - i < RELOCATIONS_READ ? count - i : RELOCATIONS_READ;

		if (elf_read(elf, section->sh_offset + i * sizeof(*block), block, n * sizeof(*block)))
			return true;
		for (uint64_t k = 0; k < n; k++)
			if (ELF64_R_TYPE(block[k].r_info) == R_X86_64_RELATIVE &&
				!each(context, block[k].r_offset, (uint64_t)block[k].r_addend))
				return false;
	}
	return true;
}

void elf_relocations_each(const struct elf *elf, elf_relocation_fn *each, void *context)
{
	Elf64_Rela *block = elf->type == ET_DYN ? malloc(RELOCATIONS_READ * sizeof(*block)) : NULL;
	uint32_t used = 0;

	for (uint32_t i = 0; block && i < elf->n_sections && used < TABLES_MAX; i++) {
		const Elf64_Shdr *section = &elf->sections[i];

		if (section->sh_type != SHT_RELA || !(section->sh_flags & SHF_ALLOC))
			continue;
		if (!stream(elf, section, block, each, context))
			break;
		used++;
	}
	free(block);
}

static bool apply(void *context, uint64_t place, uint64_t value)
{
	const struct copy *copy = context;
	uint64_t at = place - copy->address;

	if (at <= copy->size - sizeof(value))
		memcpy(copy->data + at, &value, sizeof(value));
	return true;
}

void elf_relocations_apply(const struct elf *elf, uint64_t address, void *data, size_t size)
{
	struct copy copy = {address, data, size};

	if (size >= sizeof(uint64_t))
		elf_relocations_each(elf, apply, &copy);
}
