/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One native frame's step: by the rule of the code that it is in, or by frame pointer where there is none, and the
 * stack is unverified then. What the code at an address is, each side finds out in its own way.
 */
#ifndef PROFOUND_STEP_NATIVE_H
#define PROFOUND_STEP_NATIVE_H

#include "step_cfi.h"
#include "step_fp.h"

/* The address that tells which code the frame is in. */
static inline __attribute__((always_inline)) __u64 step_address(const struct step_state *state)
{
	return state->regs.ip - !state->exact;
}

/* The frame is in `file`. Code of two files keeps to the ABI: callees may change what is not callee-saved. */
static inline __attribute__((always_inline)) void step_enter(struct step_state *state, __u64 file)
{
	if (state->file != file && state->file != STEP_NO_FRAME && !state->exact)
		state->rest.known &= ~STEP_SCRATCH;
	state->file = file;
}

/* By frame pointer: code made at run time, and files without unwind information. */
static inline __attribute__((always_inline)) int step_without_rule(
	struct step_state *state, struct step_memory *memory)
{
	struct step_regs regs = state->regs;
	int stop;

	if (!(state->rest.known & STEP_KNOWN_FP))
		return COUNTER_no_unwind_info;
	state->unverified = 1;
	stop = step_fp(&regs, memory);
	if (stop)
		return stop;
	state->regs = regs;
	state->rest.known = STEP_KNOWN_FP;
	state->by_fp = 1;
	state->exact = 0;
	return STEP_OK;
}

static inline __attribute__((always_inline)) int step_by_rule(
	struct step_state *state, const struct abi_rule *rule, struct step_memory *memory)
{
	struct step_regs regs = state->regs;
	int stop = step_cfi(&regs, &state->rest, rule, memory);

	if (stop)
		return stop;
	state->regs = regs;
	state->by_fp = 0;
	state->exact = rule->cfa == CFA_SIGNAL;
	return STEP_OK;
}

/*
 * A return address that is the first byte of a function, with nothing that could have called before it, was put there
 * by hand: where a stack begins (makecontext(3)'s __start_context). `rule` is that of the return address itself.
 */
static inline __attribute__((always_inline)) int step_begins_stack(const struct abi_rule *rule)
{
	return rule->cfa == CFA_REGISTER && rule->reg == STEP_REG_SP && rule->cfa_offset == 8;
}

#endif
