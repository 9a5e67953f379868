/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of a process that is read from outside: by process_vm_readv(2) (and then it is stopped, and whoever serves its
 * pages is trusted to do so), from the pieces that an earlier walk has read, or from the file that it is mapped from. Hostile.
 */
#ifndef PROFOUND_TARGET_MEMORY_H
#define PROFOUND_TARGET_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "object/elf.h"
#include "runtime/memory_pieces.h"

struct target_memory {
	const struct elf *file; /* borrowed. NULL: not from a file */
	uint64_t bias;          /* of the file */
	uint32_t pid;           /* 0: not from a process */
	struct memory_pieces *pieces; /* borrowed; what is read of a process is added as far as there is room */
};

/* All of it or nothing: 0 or -EFAULT. */
int target_memory_read(const struct target_memory *memory, uint64_t address, void *to, size_t size);

#endif
