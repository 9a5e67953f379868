/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names out of a file's string tables, read by need.
 */
#ifndef PROFOUND_STRING_TABLE_H
#define PROFOUND_STRING_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "object/elf_pages.h"

#define STRING_MAX 4097 /* a longer name is cut; 1,024 bytes of it are shown */

/* The string at `index` of the table, without its NUL, of at most STRING_MAX bytes; its length in *len.
 * 0; -EINVAL when the string is not inside its table or the table not inside the file; -EIO. */
int string_read(struct elf_pages *pages, const Elf64_Shdr *table, uint64_t index,
	char *name, size_t *len);

#endif
