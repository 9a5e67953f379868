// SPDX-License-Identifier: GPL-2.0-or-later
#include "unwind/stack_walk.h"

#include <string.h>

#include "process/target_file.h"
#include "step.h"

struct step_memory {
	const struct stack_copy *copy;
	uint8_t cause; /* of the last read that failed */
	bool elsewhere; /* the walk has left for another stack, which was not copied */
};

static uint8_t why_missing(const struct step_memory *memory, uint64_t address)
{
	const struct stack_copy *copy = memory->copy;

	if (memory->elsewhere)
		return COUNTER_stack_copy_short;
	if (address < copy->sp - STEP_RED_ZONE)
		return COUNTER_corrupt;
	if (address < copy->at)
		return COUNTER_stack_copy_short;
	if (address - copy->at < copy->from)
		return COUNTER_stack_paged_out;
	return copy->full ? COUNTER_stack_copy_short : COUNTER_stack_paged_out;
}

static int mem_read(struct step_memory *memory, __u64 address, __u64 *value)
{
	const struct stack_copy *copy = memory->copy;
	uint64_t offset = address - copy->at;

	if (address < copy->sp - STEP_RED_ZONE || offset < copy->from || offset >= copy->len ||
		copy->len - offset < sizeof(*value)) {
		memory->cause = why_missing(memory, address);
		return -1;
	}
	memcpy(value, copy->bytes + offset, sizeof(*value));
	return 0;
}

#include "step_cfi.h"
#include "step_fp.h"

/* One walk on its way. */
struct walker {
	struct stack_walk *walk;
	struct tables *tables;
	const struct process *process;
	uint64_t at_ns;
	const struct object *object; /* of the last frame; NULL: none, or no file */
	struct step_regs regs;
	struct step_rest rest;
	struct step_memory memory;
	bool by_fp; /* the last step was one by frame pointer */
	bool exact; /* ip is where code was interrupted, not a return address */
};

/* Code of two files keeps to the ABI: callees may change what is not callee-saved. */
static void enter(struct walker *walker, const struct object *object)
{
	if (walker->object != object && walker->walk->n && !walker->exact)
		walker->rest.known &= ~STEP_SCRATCH;
	walker->object = object;
}

/* By frame pointer, where no rule is: JIT code, and files without unwind information. */
static int step_without_rule(struct walker *walker)
{
	int stop;

	if (!(walker->rest.known & STEP_KNOWN_FP))
		return COUNTER_no_unwind_info;
	walker->walk->unverified = true;
	stop = step_fp(&walker->regs, &walker->memory);
	if (stop)
		return stop;
	walker->by_fp = true;
	walker->rest.known = STEP_KNOWN_FP;
	walker->exact = false;
	return STEP_OK;
}

static int step_by_rule(struct walker *walker, const struct abi_rule *rule)
{
	int stop;

	walker->memory.elsewhere |= rule->cfa == CFA_OTHER_STACK;
	stop = step_cfi(&walker->regs, &walker->rest, rule, &walker->memory);
	if (stop)
		return stop;
	walker->memory.elsewhere |= walker->regs.sp < walker->memory.copy->sp;
	walker->by_fp = false;
	walker->exact = rule->cfa == CFA_SIGNAL;
	return STEP_OK;
}

/*
 * A return address that is the first byte of a function, with nothing that could have called before it, was put there
 * by hand: where a stack begins (makecontext(3)'s __start_context).
 */
static bool begins_stack(struct walker *walker, const struct place *place)
{
	const struct abi_rule *rule;

	if (walker->exact)
		return false;
	rule = tables_find(walker->tables, place->object, place->offset + 1);
	if (!rule || rule->cfa != CFA_REGISTER || rule->reg != STEP_REG_SP || rule->cfa_offset != 8)
		return false;
	walker->walk->frames[walker->walk->n - 1] = walker->regs.ip;
	return true;
}

static int step_in_file(struct walker *walker, const struct place *place)
{
	const struct abi_rule *rule;

	target_file_attach(walker->process, place);
	rule = tables_find(walker->tables, place->object, place->offset);
	if (rule && rule->cfa == CFA_NONE && begins_stack(walker, place))
		return STEP_END;
	if (!rule || rule->cfa == CFA_NONE)
		return step_without_rule(walker);
	return step_by_rule(walker, rule);
}

static void push(struct walker *walker, uint64_t address)
{
	walker->walk->fp[walker->walk->n] = walker->by_fp;
	walker->walk->frames[walker->walk->n++] = address;
	walker->walk->by_fp += walker->by_fp;
}

/* Takes the frame at the walker's ip and steps to its caller. STEP_OK, STEP_END or a cause. */
static int walk_one(struct walker *walker)
{
	uint64_t address = walker->regs.ip - !walker->exact;
	bool leaf = !walker->walk->n;
	struct place place =
		process_locate(walker->process, address, walker->at_ns, walker->at_ns);

	if (walker->walk->n == ABI_USER_FRAMES)
		return COUNTER_depth_limit;
	enter(walker, place.kind == PLACE_FILE ? place.object : NULL);
	if (leaf || (place.kind != PLACE_NOTHING && place.kind != PLACE_UNKNOWN))
		push(walker, address);
	switch (place.kind) {
	case PLACE_FILE:
		return step_in_file(walker, &place);
	case PLACE_ANON:
		return step_without_rule(walker);
	case PLACE_UNKNOWN:
		return COUNTER_process_gone;
	case PLACE_NOTHING:
		return COUNTER_corrupt;
	default:
		return COUNTER_no_unwind_info;
	}
}

void stack_walk(struct stack_walk *walk, struct tables *tables, const struct process *process,
	uint64_t at_ns, const uint64_t reg[17], const struct stack_copy *copy)
{
	struct walker walker = {
		.walk = walk,
		.tables = tables,
		.process = process,
		.at_ns = at_ns,
		.regs = {.ip = reg[16], .sp = reg[STEP_REG_SP], .fp = reg[STEP_REG_FP]},
		.rest.known = STEP_KNOWN_ALL,
		.memory.copy = copy,
		.exact = !copy->in_syscall,
	};
	int stop;

	memcpy(walker.rest.reg, reg, sizeof(walker.rest.reg));
	walk->n = walk->by_fp = walk->cut = 0;
	walk->unverified = false;
	do
		stop = walk_one(&walker);
	while (stop == STEP_OK);
	if (stop == COUNTER_stack_paged_out)
		stop = walker.memory.cause;
	walk->cut = stop > 0 ? (uint8_t)stop : 0;
}
