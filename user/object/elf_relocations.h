/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What R_X86_64_RELATIVE relocations (x86-64 psABI, "Relocation Types") put into a file's data: a position
 * independent executable may hold zeros there. Streamed, the first 4 tables. Both functions read at most *left entries
 * and count it down: 0; -E2BIG when there are more, -ENOMEM, and then what they gave is not all there is.
 */
#ifndef PROFOUND_ELF_RELOCATIONS_H
#define PROFOUND_ELF_RELOCATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "object/elf.h"

/* False ends it, which is no error. */
typedef bool elf_relocation_fn(void *context, uint64_t place, uint64_t value);

int elf_relocations_each(const struct elf *elf, uint64_t *left, elf_relocation_fn *each, void *context);

/* Writes the results into a copy of what lies at `address`. */
int elf_relocations_apply(const struct elf *elf, uint64_t *left, uint64_t address, void *data, size_t size);

#endif
