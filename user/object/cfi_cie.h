/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CIEs of a section: parsed once, kept by their offset. For cfi.c. */
#ifndef PROFOUND_CFI_CIE_H
#define PROFOUND_CFI_CIE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "object/cfi.h"

bool cfi_cie_find(const struct cfi *cfi, uint64_t offset, uint32_t *index);

/*
 * Parses and keeps the CIE at `offset`, whose body follows its id. One that is refused is kept as
 * such, with its encoding POINTER_OMIT when not even its FDEs' addresses can be read. 0; -ENOMEM;
 * -E2BIG at CFI_CIES_MAX.
 */
int cfi_cie_add(struct cfi *cfi, uint64_t offset, struct cursor body, uint32_t *index);

void cfi_cie_release(struct cfi *cfi);

#endif
