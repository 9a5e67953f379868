/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of bpf/step_cpython.h over the memory of a process that is read from outside. */
#ifndef PROFOUND_CPYTHON_STEPS_H
#define PROFOUND_CPYTHON_STEPS_H

#include <string.h>

#include "runtime/target_memory.h"
#include "step.h"

struct step_memory {
	struct target_memory target;
	uint8_t block[ABI_CODE_BLOCK];
};

static inline int mem_word(struct step_memory *memory, __u64 address, __u64 *value)
{
	return target_memory_read(&memory->target, address, value, sizeof(*value));
}

static inline int mem_read(struct step_memory *memory, __u64 address, __u64 *value)
{
	return mem_word(memory, address, value);
}

static inline int mem_block(struct step_memory *memory, __u64 address)
{
	return target_memory_read(&memory->target, address, memory->block, sizeof(memory->block));
}

static inline __u64 mem_block_word(struct step_memory *memory, __u32 offset)
{
	__u64 word;

	memcpy(&word, memory->block + (offset & (ABI_CODE_BLOCK - 8)), sizeof(word));
	return word;
}

#include "step_cpython.h"

#endif
