/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shapes of PLTs of x86-64: what a procedure linkage table begins with, and its entries, as binutils 2.40
 * (bfd/elf64-x86-64.c, gold/x86_64.cc) and lld 14 (ELF/Arch/X86_64.cpp) make them. Rows of unwinding and
 * names are both made by them: what is not exactly such code is unknown.
 */
#ifndef PROFOUND_PLT_CODE_H
#define PROFOUND_PLT_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLT_ENTRY 16 /* bytes that the longest entry has */

/* The CFA is rsp + first, from byte `at` on rsp + second. */
struct plt_shape {
	const char *pattern; /* code_pattern.h */
	uint8_t first, at, second;
	uint8_t slot;   /* where the distance to the GOT's slot stands, from which `jmp *` takes its target; 0: nowhere */
	uint8_t number; /* where the index into .rela.plt stands that it pushes; 0: nowhere */
};

/* What the code begins with; NULL: nothing that is known. A header is entered from entries that have pushed a number. */
const struct plt_shape *plt_code_header(const uint8_t *code, size_t size);
const struct plt_shape *plt_code_entry(const uint8_t *code, size_t size);

size_t plt_shape_bytes(const struct plt_shape *shape);
/* The entry pushes a number. */
bool plt_shape_pushes(const struct plt_shape *shape);

/* The address of the GOT's slot of an entry at `address`. Only where shape->slot. */
uint64_t plt_shape_slot(const struct plt_shape *shape, const uint8_t *code, uint64_t address);
/* The index that it pushes. Only where shape->number. */
uint32_t plt_shape_number(const struct plt_shape *shape, const uint8_t *code);

#endif
