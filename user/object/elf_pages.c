// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/elf_pages.h"

#include <errno.h>
#include <string.h>

int elf_pages_at(struct elf_pages *pages, uint64_t offset, const uint8_t **data, size_t *len)
{
	uint64_t page = offset / ELF_PAGE, start = page * ELF_PAGE, left;
	size_t slot = page & (ELF_PAGES - 1);
	int err;

	if (offset >= pages->elf->size)
		return -EIO;
	left = pages->elf->size - start;
	left = left < ELF_PAGE ? left : ELF_PAGE;
	if (pages->number[slot] != page + 1) {
		pages->number[slot] = 0;
		err = elf_read(pages->elf, start, pages->pages[slot], left);
		if (err)
			return err;
		pages->number[slot] = page + 1;
	}
	*data = pages->pages[slot] + (offset - start);
	*len = left - (offset - start);
	return 0;
}

int elf_pages_read(struct elf_pages *pages, uint64_t offset, void *data, size_t len)
{
	uint8_t *to = data;

	while (len) {
		const uint8_t *from;
		size_t n;
		int err = elf_pages_at(pages, offset, &from, &n);

		if (err)
			return err;
		n = n < len ? n : len;
		memcpy(to, from, n);
		to += n;
		offset += n;
		len -= n;
	}
	return 0;
}
