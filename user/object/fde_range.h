/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where functions end, by the call frame information (cfi.h) that begins where they do. */
#ifndef PROFOUND_FDE_RANGE_H
#define PROFOUND_FDE_RANGE_H

#include <stddef.h>
#include <stdint.h>

#include "object/elf.h"

struct fde_range {
	uint64_t start; /* given: ELF virtual address; several may have the same */
	uint64_t end;   /* found: of the shortest FDE that begins exactly there; 0: none does */
};

/*
 * Ends of ranges that ascend by start, from .eh_frame and .debug_frame, which are read whole. What cannot be read has
 * none. 0 or -ENOMEM, which leaves them unset.
 */
int fde_range_find(const struct elf *elf, struct fde_range *ranges, size_t count);

#endif
