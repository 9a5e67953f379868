// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/elf_relocations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RELOCATIONS_READ 2048u
#define TABLES_MAX 4

struct copy {
	uint64_t address;
	uint8_t *data;
	size_t size;
};

/* 0; 1 when `each` ended it; -E2BIG. */
static int stream(const struct elf *elf, const Elf64_Shdr *section, Elf64_Rela *block, uint64_t *left,
	elf_relocation_fn *each, void *context)
{
	uint64_t count = section->sh_size / sizeof(*block);

	for (uint64_t i = 0; i < count; i += RELOCATIONS_READ) {
		uint64_t n = count - i < RELOCATIONS_READ ? count - i : RELOCATIONS_READ;

		if (n > *left)
			return -E2BIG;
		*left -= n;
		if (elf_read(elf, section->sh_offset + i * sizeof(*block), block, n * sizeof(*block)))
			return 0;
		for (uint64_t k = 0; k < n; k++)
			if (ELF64_R_TYPE(block[k].r_info) == R_X86_64_RELATIVE &&
				!each(context, block[k].r_offset, (uint64_t)block[k].r_addend))
				return 1;
	}
	return 0;
}

int elf_relocations_each(const struct elf *elf, uint64_t *left, elf_relocation_fn *each, void *context)
{
	Elf64_Rela *block;
	uint32_t used = 0;
	int err = 0;

	if (elf->type != ET_DYN)
		return 0;
	block = malloc(RELOCATIONS_READ * sizeof(*block));
	if (!block)
		return -ENOMEM;
	for (uint32_t i = 0; i < elf->n_sections && used < TABLES_MAX && !err; i++) {
		const Elf64_Shdr *section = &elf->sections[i];

		if (section->sh_type != SHT_RELA || !(section->sh_flags & SHF_ALLOC))
			continue;
		err = stream(elf, section, block, left, each, context);
		used++;
	}
	free(block);
	return err < 0 ? err : 0;
}

static bool apply(void *context, uint64_t place, uint64_t value)
{
	const struct copy *copy = context;
	uint64_t at = place - copy->address;

	if (at <= copy->size - sizeof(value))
		memcpy(copy->data + at, &value, sizeof(value));
	return true;
}

int elf_relocations_apply(const struct elf *elf, uint64_t *left, uint64_t address, void *data, size_t size)
{
	struct copy copy = {address, data, size};

	return size < sizeof(uint64_t) ? 0 : elf_relocations_each(elf, left, apply, &copy);
}
