/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names out of a file's string tables, read by need through a small cache of pages: the cost in memory does not
 * depend on the table.
 */
#ifndef PROFOUND_STRING_TABLE_H
#define PROFOUND_STRING_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "object/elf.h"

#define STRING_MAX 8192 /* a longer name is cut */
#define STRING_PAGE 4096
#define STRING_PAGES 16 /* a power of two */

struct string_cache {
	const struct elf *elf;
	uint64_t number[STRING_PAGES]; /* 1 + file offset / STRING_PAGE; 0: empty */
	uint8_t pages[STRING_PAGES][STRING_PAGE];
};

/* The string at `index` of the table, without its NUL, of at most STRING_MAX bytes; its length in *len.
 * 0; -EINVAL when the string is not inside its table or the table not inside the file; -EIO. */
int string_read(struct string_cache *cache, const Elf64_Shdr *table, uint64_t index,
	char *name, size_t *len);

#endif
