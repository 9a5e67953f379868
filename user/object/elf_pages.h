/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file read by need through a small cache of pages: what it costs in memory does not depend on the file.
 */
#ifndef PROFOUND_ELF_PAGES_H
#define PROFOUND_ELF_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "object/elf.h"

#define ELF_PAGE 4096u
#define ELF_PAGES 32 /* a power of two */

/* Zeroed but for elf: empty. */
struct elf_pages {
	const struct elf *elf;
	uint64_t number[ELF_PAGES]; /* 1 + file offset / ELF_PAGE; 0: empty */
	uint8_t pages[ELF_PAGES][ELF_PAGE];
};

/* What lies at an offset of the file: *data has *len bytes, up to the page's or the file's end; good until the next
 * call. 0 or -EIO. */
int elf_pages_at(struct elf_pages *pages, uint64_t offset, const uint8_t **data, size_t *len);

/* Copies [offset, offset + len). 0 or -EIO. */
int elf_pages_read(struct elf_pages *pages, uint64_t offset, void *data, size_t len);

#endif
