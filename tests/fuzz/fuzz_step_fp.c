// SPDX-License-Identifier: GPL-2.0-or-later
/* Random registers over a random stack: every step makes progress, reads aligned, and ends in a known outcome. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/step_buffer.h"
#include "step_fp.h"

#define AT 0x7ffc00000000ULL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_step(const struct step_regs *before, const struct step_regs *after, int outcome)
{
	if (outcome == STEP_OK) {
		if (after->sp <= before->sp || after->sp != before->fp + 16 || !after->ip)
			abort();
		return;
	}
	if (memcmp(before, after, sizeof(*before)))
		abort();
	if (outcome != STEP_END && outcome != COUNTER_no_unwind_info &&
		outcome != COUNTER_stack_paged_out)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step_memory memory = {.at = AT};
	struct step_regs regs, before;
	size_t steps = 0;
	int outcome;

	if (size < sizeof(regs))
		return 0;
	memcpy(&regs, data, sizeof(regs));
	memory.bytes = data + sizeof(regs);
	memory.len = size - sizeof(regs);
	/* Half of the inputs start on the stack: a fuzzer would not find it. */
	if (regs.ip & 1) {
		regs.sp = AT + (regs.sp & 0xff);
		regs.fp = AT + (regs.fp & 0xffff);
	}
	do {
		before = regs;
		outcome = step_fp(&regs, &memory);
		check_step(&before, &regs, outcome);
		if (outcome == STEP_OK && regs.fp & 2)
			regs.fp = AT + (regs.fp & 0xfff8);
	} while (outcome == STEP_OK && ++steps <= memory.len / 16);
	if (memory.misaligned || outcome == STEP_OK)
		abort();
	return 0;
}
