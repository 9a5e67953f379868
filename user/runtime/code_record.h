/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A code object's names and line table, read from outside its process into the record that the kernel side makes of it
 * (bpf/code_record.bpf.h): for `debug stack`, and where the kernel side could not read them. Memory is hostile.
 */
#ifndef PROFOUND_CODE_RECORD_H
#define PROFOUND_CODE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "runtime/target_memory.h"

struct cpython_code_head; /* step_cpython.h */

struct code_record {
	struct abi_code head;
	uint8_t bytes[3 * ABI_CODE_TEXT + ABI_CODE_LINES];
	size_t used;
};

/* Bytes of head and texts. */
static inline size_t code_record_size(const struct code_record *record)
{
	return sizeof(record->head) + record->used;
}

/* Everything but who and where (code to check) is filled in, by what is at head's addresses. 0 or -EFAULT, and then
 * *record has no texts. */
int code_record_read(struct code_record *record, const struct target_memory *memory, const struct abi_cpython *build,
	const struct cpython_code_head *head);

/* A record that the kernel side could not fill (abi_code.unread), `size` bytes of it, with what is in the build's file. 0;
 * -EFAULT: it is not there either; -EINVAL: the record contradicts itself. */
int code_record_complete(struct code_record *record, const struct abi_code *unread, size_t size,
	const struct abi_cpython *build, const struct elf *file);

#endif
