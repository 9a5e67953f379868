/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's unwinder: walks a user stack from registers and a copy of the stack, by the rules of the files that
 * were mapped at the time, with the same steps as the kernel side (bpf/step_*.h). Code without a rule is stepped by
 * frame pointer, and the stack is unverified then.
 */
#ifndef PROFOUND_STACK_WALK_H
#define PROFOUND_STACK_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "process/process.h"
#include "unwind/tables.h"

struct stack_copy {
	const uint8_t *bytes; /* of the page that sp's red zone begins in, and those above */
	uint64_t at;          /* address of bytes[0] */
	uint64_t sp;          /* what is further below than the red zone is no stack */
	uint64_t from, len;   /* bytes[from, len) are there */
	bool in_syscall;      /* the walk starts behind a system call's instruction */
	bool full;            /* the copy ends because it was to be no larger, not because memory does */
};

struct stack_walk {
	uint64_t frames[ABI_USER_FRAMES]; /* addresses to look up, innermost first */
	bool fp[ABI_USER_FRAMES];         /* of them: found by frame pointer */
	uint32_t n;
	uint32_t by_fp;
	uint8_t cut; /* enum abi_counter of class CUT; 0: the walk came to the stack's end */
	bool unverified;
};

/* Walks. reg[17] by DWARF number, 16 is ip; at_ns: when it was so. The process's files are opened as needed. */
void stack_walk(struct stack_walk *walk, struct tables *tables, const struct process *process,
	uint64_t at_ns, const uint64_t reg[17], const struct stack_copy *copy);

#endif
