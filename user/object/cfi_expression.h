/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DWARF expressions (DWARF 5, section 2.5) that CFI on x86-64 uses, recognised, not run: every
 * other one is EXPRESSION_OTHER.
 */
#ifndef PROFOUND_CFI_EXPRESSION_H
#define PROFOUND_CFI_EXPRESSION_H

#include <stddef.h>
#include <stdint.h>

enum cfi_expression_kind {
	EXPRESSION_OTHER,
	EXPRESSION_ADDRESS, /* reg + offset: breg, then any plus_uconst */
	EXPRESSION_MEMORY,  /* *(reg + offset [+ 8 index]) + add: the same, deref, then any plus_uconst */
	EXPRESSION_PLT,     /* rsp + 8 + ((rip & 15) >= add ? 8 : 0): what linkers write for .plt */
};

struct cfi_expression {
	uint8_t kind; /* enum cfi_expression_kind */
	uint8_t reg;  /* DWARF number */
	uint8_t index; /* 0, or 1 + DWARF number: what OpenSSL's bn_mul_mont has */
	int64_t offset, add;
};

struct cfi_expression cfi_expression_decode(const uint8_t *code, size_t size);

#endif
