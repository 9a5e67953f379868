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

#include "step_native.h"

/* One walk on its way. */
struct walker {
	struct stack_walk *walk;
	struct tables *tables;
	const struct process *process;
	uint64_t at_ns;
	struct step_state state;
	struct step_memory memory;
};

/* __start_context: what is kept is the address itself, not the one before it. */
static bool begins_stack(struct walker *walker, const struct place *place)
{
	const struct abi_rule *after;

	if (walker->state.exact)
		return false;
	after = tables_find(walker->tables, place->object, place->offset + 1);
	if (!after || !step_begins_stack(after))
		return false;
	walker->walk->frames[walker->walk->n - 1] = walker->state.regs.ip;
	return true;
}

/* What a signal interrupted can be on any stack, and its frames lie anywhere. */
static bool has_left(const struct walker *walker, const struct abi_rule *rule)
{
	const struct stack_copy *copy = walker->memory.copy;
	uint64_t sp = walker->state.regs.sp;

	return sp < copy->sp || (rule->cfa == CFA_SIGNAL && sp - copy->at >= copy->len);
}

/* Three instructions that leave the stack alone, or the kernel stands in for them (vsyscall_emu_64.S). */
static int step_in_vsyscall(struct walker *walker)
{
	static const struct abi_rule rule = {
		.cfa = CFA_REGISTER, .reg = STEP_REG_SP, .cfa_offset = 8, .ra_offset = -8};

	return step_by_rule(&walker->state, &rule, &walker->memory);
}

static int step_in_file(struct walker *walker, const struct place *place)
{
	const struct abi_rule *rule;
	int stop;

	target_file_attach(walker->process, place);
	rule = tables_find(walker->tables, place->object, place->offset);
	if (rule && rule->cfa == CFA_NONE && begins_stack(walker, place))
		return STEP_END;
	if (!rule || rule->cfa == CFA_NONE)
		return step_without_rule(&walker->state, &walker->memory);
	walker->memory.elsewhere |= rule->cfa == CFA_OTHER_STACK;
	stop = step_by_rule(&walker->state, rule, &walker->memory);
	walker->memory.elsewhere |= has_left(walker, rule);
	return stop;
}

static void push(struct walker *walker, uint64_t address)
{
	walker->walk->fp[walker->walk->n] = walker->state.by_fp;
	walker->walk->frames[walker->walk->n++] = address;
	walker->walk->by_fp += walker->state.by_fp;
}

/* Takes the frame at the walker's ip and steps to its caller. STEP_OK, STEP_END or a cause. */
static int walk_one(struct walker *walker)
{
	uint64_t address = step_address(&walker->state);
	bool leaf = !walker->walk->n;
	struct place place =
		process_locate(walker->process, address, walker->at_ns, walker->at_ns);

	if (walker->walk->n == ABI_USER_FRAMES)
		return COUNTER_depth_limit;
	step_enter(&walker->state, place.kind == PLACE_FILE ? place.object->id + 1ULL : 0);
	if (leaf || (place.kind != PLACE_NOTHING && place.kind != PLACE_UNKNOWN))
		push(walker, address);
	switch (place.kind) {
	case PLACE_FILE:
		return step_in_file(walker, &place);
	case PLACE_ANON:
		return step_without_rule(&walker->state, &walker->memory);
	case PLACE_UNKNOWN:
		return COUNTER_process_gone;
	case PLACE_NOTHING:
		return COUNTER_corrupt;
	case PLACE_VSYSCALL:
		if (leaf)
			return step_in_vsyscall(walker);
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
		.state = {.regs = {.ip = reg[16], .sp = reg[STEP_REG_SP], .fp = reg[STEP_REG_FP]},
			.rest.known = STEP_KNOWN_ALL,
			.file = STEP_NO_FRAME,
			.exact = !copy->in_syscall},
		.memory.copy = copy,
	};
	int stop;

	memcpy(walker.state.rest.reg, reg, sizeof(walker.state.rest.reg));
	walk->n = walk->by_fp = walk->cut = 0;
	do
		stop = walk_one(&walker);
	while (stop == STEP_OK);
	if (stop == COUNTER_stack_paged_out)
		stop = walker.memory.cause;
	walk->cut = stop > 0 ? (uint8_t)stop : 0;
	walk->unverified = walker.state.unverified;
}
