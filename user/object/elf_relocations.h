/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What R_X86_64_RELATIVE relocations (x86-64 psABI, "Relocation Types") put into a file's data: a position
 * independent executable may hold zeros there. Streamed, the first 4 tables, at most 16 M entries each.
 */
#ifndef PROFOUND_ELF_RELOCATIONS_H
#define PROFOUND_ELF_RELOCATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "object/elf.h"

/* False ends it. */
typedef bool elf_relocation_fn(void *context, uint64_t place, uint64_t value);

void elf_relocations_each(const struct elf *elf, elf_relocation_fn *each, void *context);

/* Writes the results into a copy of what lies at `address`. */
void elf_relocations_apply(const struct elf *elf, uint64_t address, void *data, size_t size);

#endif
