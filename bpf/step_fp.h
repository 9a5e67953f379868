/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One frame-pointer step on x86-64 (System V ABI, AMD64 supplement, 3.2.2 and 3.4.1): rbp points to the caller's
 * rbp, the return address stands above it, and the outermost frame has rbp = 0.
 *
 * A step cannot know whether the code keeps a frame pointer; it refuses only what cannot be one.
 */
#ifndef PROFOUND_STEP_FP_H
#define PROFOUND_STEP_FP_H

#include "step.h"

struct step_memory;
static int mem_read(struct step_memory *memory, __u64 address, __u64 *value);

/* A frame beyond this is no frame: Linux's default stack limit. */
#define STEP_FP_REACH (8ULL << 20)
/* Below: the NULL page. Above: not canonical in user space, 5-level page tables included. */
#define STEP_FP_LOWEST 4096ULL
#define STEP_FP_HIGHEST (1ULL << 56)

static inline __attribute__((always_inline)) int step_fp(
	struct step_regs *regs, struct step_memory *memory)
{
	__u64 fp = regs->fp, caller_fp, caller_ip;

	if (!fp)
		return STEP_END;
	if (fp & 7 || fp < regs->sp || fp - regs->sp > STEP_FP_REACH)
		return COUNTER_no_unwind_info;
	if (mem_read(memory, fp, &caller_fp) || mem_read(memory, fp + 8, &caller_ip))
		return COUNTER_stack_paged_out;
	if (!caller_ip)
		return STEP_END;
	if (caller_ip < STEP_FP_LOWEST || caller_ip >= STEP_FP_HIGHEST)
		return COUNTER_no_unwind_info;
	regs->ip = caller_ip;
	regs->sp = fp + 16;
	regs->fp = caller_fp;
	return STEP_OK;
}

#endif
