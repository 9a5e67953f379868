// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A random rule, random registers, a random stack: every step reads aligned, ends in a known outcome, changes nothing
 * when it refuses, and never moves sp down but out of a signal frame.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/step_buffer.h"
#include "step_cfi.h"

#define AT 0x7ffc00000000ULL
#define RULES 4
#define STEPS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	struct abi_rule rule[RULES];
	struct step_regs regs;
	struct step_rest rest;
};

struct state {
	struct step_regs regs;
	struct step_rest rest;
};

static void check_refusal(const struct state *before, const struct state *after, int outcome)
{
	if (memcmp(before, after, offsetof(struct state, rest.known)) ||
		before->rest.known != after->rest.known)
		abort();
	if (outcome != STEP_END && outcome != COUNTER_no_unwind_info && outcome != COUNTER_corrupt &&
		outcome != COUNTER_stack_paged_out && outcome != COUNTER_unsupported_rule)
		abort();
}

static void check_step(const struct state *before, const struct state *after,
	const struct abi_rule *rule, int outcome)
{
	if (outcome != STEP_OK) {
		check_refusal(before, after, outcome);
		return;
	}
	if (!after->regs.ip)
		abort();
	if (rule->cfa == CFA_SIGNAL || rule->cfa == CFA_OTHER_STACK)
		return;
	if (after->rest.known & ~(STEP_KNOWN_FP | (before->rest.known & STEP_SCRATCH)) || after->regs.sp & 7)
		abort();
	if (after->regs.sp < before->regs.sp || after->regs.sp - before->regs.sp > STEP_CFI_REACH)
		abort();
	if (after->regs.sp == before->regs.sp && !rule->ra_reg)
		abort();
}

/* Half of the inputs start on the stack, with rules of small numbers: a fuzzer would not find them. */
static void tame(struct input *input)
{
	if (!(input->regs.ip & 1))
		return;
	input->regs.sp = AT + (input->regs.sp & 0xf8);
	input->regs.fp = AT + (input->regs.fp & 0xfff8);
	for (int i = 0; i < RULES; i++) {
		struct abi_rule *rule = &input->rule[i];

		rule->cfa %= CFA_SIGNAL + 1;
		rule->reg = rule->reg & 1 ? STEP_REG_SP : rule->reg & 15;
		rule->rbp %= SAVED_UNDEFINED + 1;
		rule->ra_reg = rule->ra_reg < 240 ? 0 : rule->ra_reg & 15;
		rule->cfa_offset &= 0xf8;
		rule->rbp_offset |= ~0xff;
		rule->ra_offset = -8;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step_memory memory = {.at = AT};
	struct state now, before;
	struct input input;

	if (size < sizeof(input))
		return 0;
	memcpy(&input, data, sizeof(input));
	tame(&input);
	memory.bytes = data + sizeof(input);
	memory.len = size - sizeof(input);
	memset(&now, 0, sizeof(now));
	now.regs = input.regs;
	memcpy(now.rest.reg, input.rest.reg, sizeof(now.rest.reg));
	now.rest.known = input.rest.known & STEP_KNOWN_ALL;
	for (int step = 0; step < STEPS; step++) {
		const struct abi_rule *rule = &input.rule[now.regs.ip % RULES];
		int outcome;

		before = now;
		outcome = step_cfi(&now.regs, &now.rest, rule, &memory);
		check_step(&before, &now, rule, outcome);
		if (outcome != STEP_OK)
			break;
	}
	if (memory.misaligned)
		abort();
	return 0;
}
