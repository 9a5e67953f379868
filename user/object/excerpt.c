// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/excerpt.h"

#include <errno.h>
#include <stdlib.h>

#define SECTION_NAMES_MAX (1u << 20)
#define NOTE_MAX 4096

static int grow(struct excerpt *excerpt)
{
	uint32_t cap = excerpt->cap ? 2 * excerpt->cap : 64;
	struct excerpt_part *parts = realloc(excerpt->parts, cap * sizeof(*parts));

	if (!parts)
		return -ENOMEM;
	excerpt->parts = parts;
	excerpt->cap = cap;
	return 0;
}

void excerpt_add(struct excerpt *excerpt, const struct elf *elf, uint64_t offset, uint64_t size)
{
	if (offset >= elf->size || !size)
		return;
	if (size > elf->size - offset)
		size = elf->size - offset;
	if (excerpt->n == EXCERPT_PARTS_MAX || (excerpt->n == excerpt->cap && grow(excerpt))) {
		excerpt->failed = true;
		return;
	}
	excerpt->parts[excerpt->n++] = (struct excerpt_part){offset, size};
}

bool excerpt_wants(const struct excerpt *excerpt, uint64_t start, uint64_t end)
{
	uint32_t low = 0, high = excerpt->n_wanted;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (excerpt->wanted[middle] < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < excerpt->n_wanted && excerpt->wanted[low] < end;
}

static int by_value(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static int by_offset(const void *left, const void *right)
{
	const struct excerpt_part *a = left, *b = right;

	return (a->offset > b->offset) - (a->offset < b->offset);
}

static int take_wanted(struct excerpt *excerpt, const struct elf *elf, const uint64_t *offsets, uint32_t n)
{
	excerpt->wanted = malloc((n ? n : 1) * sizeof(*excerpt->wanted));
	if (!excerpt->wanted)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		if (!elf_address_of_offset(elf, offsets[i], &excerpt->wanted[excerpt->n_wanted]))
			excerpt->n_wanted++;
	qsort(excerpt->wanted, excerpt->n_wanted, sizeof(*excerpt->wanted), by_value);
	return 0;
}

/* Tables as the header names them; their numbers as elf.c has checked them. */
static int add_headers(struct excerpt *excerpt, const struct elf *elf)
{
	const Elf64_Shdr *note = elf_section(elf, ".note.gnu.build-id");
	Elf64_Ehdr header;

	if (elf->class != ELFCLASS64 || elf_read(elf, 0, &header, sizeof(header)))
		return -ENOEXEC;
	excerpt_add(excerpt, elf, 0, sizeof(header));
	excerpt_add(excerpt, elf, header.e_phoff, (uint64_t)header.e_phnum * header.e_phentsize);
	excerpt_add(excerpt, elf, header.e_shoff, (uint64_t)elf->n_sections * header.e_shentsize);
	if (header.e_shstrndx < elf->n_sections &&
		elf->sections[header.e_shstrndx].sh_size <= SECTION_NAMES_MAX)
		excerpt_add(excerpt, elf, elf->sections[header.e_shstrndx].sh_offset,
			elf->sections[header.e_shstrndx].sh_size);
	if (note && note->sh_type == SHT_NOTE && note->sh_size <= NOTE_MAX)
		excerpt_add(excerpt, elf, note->sh_offset, note->sh_size);
	return 0;
}

static void merge(struct excerpt *excerpt)
{
	uint32_t used = 0;

	qsort(excerpt->parts, excerpt->n, sizeof(*excerpt->parts), by_offset);
	for (uint32_t i = 0; i < excerpt->n; i++) {
		struct excerpt_part *last = used ? &excerpt->parts[used - 1] : NULL;
		const struct excerpt_part part = excerpt->parts[i];

		if (!last || part.offset > last->offset + last->size)
			excerpt->parts[used++] = part;
		else if (part.offset + part.size > last->offset + last->size)
			last->size = part.offset + part.size - last->offset;
	}
	excerpt->n = used;
}

static int fill(struct excerpt *excerpt, const struct elf *elf, const uint64_t *offsets, uint32_t n)
{
	int err = take_wanted(excerpt, elf, offsets, n);

	if (!err)
		err = add_headers(excerpt, elf);
	if (!err)
		err = excerpt_cfi(excerpt, elf);
	if (!err)
		err = excerpt_go(excerpt, elf);
	if (!err)
		err = excerpt_linker(excerpt, elf);
	if (!err && excerpt->failed)
		err = excerpt->n == EXCERPT_PARTS_MAX ? -E2BIG : -ENOMEM;
	if (!err)
		merge(excerpt);
	return err;
}

int excerpt_init(struct excerpt *excerpt, int fd, const uint64_t *offsets, uint32_t n)
{
	struct elf elf;
	int err = elf_init(&elf, fd);

	*excerpt = (struct excerpt){0};
	if (err)
		return err;
	err = fill(excerpt, &elf, offsets, n);
	elf_release(&elf);
	if (err)
		excerpt_release(excerpt);
	return err;
}

void excerpt_release(struct excerpt *excerpt)
{
	free(excerpt->parts);
	free(excerpt->wanted);
	*excerpt = (struct excerpt){0};
}
