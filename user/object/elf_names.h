/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The symbols of an ELF file with their names (System V gABI, "Symbol Table"), for those who look for a few by name.
 * The table is streamed, its strings are read whole, up to ELF_NAMES_STRINGS.
 */
#ifndef PROFOUND_ELF_NAMES_H
#define PROFOUND_ELF_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "object/elf.h"

#define ELF_NAMES_STRINGS (32u << 20) /* bytes; names beyond are not told */
#define ELF_NAMES_SYMBOLS (2u << 20)  /* symbols beyond are not told */

/* `index` in the table; the name is good for the call. False ends it. */
typedef bool elf_name_fn(void *context, const char *name, const Elf64_Sym *symbol, uint32_t index);

/* All symbols with a name of the first table of this type (SHT_DYNSYM, SHT_SYMTAB). 0, also without such a table; -EIO;
 * -ENOMEM. */
int elf_names_each(const struct elf *elf, uint32_t type, elf_name_fn *each, void *context);

#endif
