// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Walks the user stack by the tables of the process's space, by frame pointer where the code has no rule. Where
 * something is not known here the sample is handed over to userspace as it was; when there is no room for that either,
 * it is walked with what is known, and unverified.
 */
#include "maps.bpf.h"
#include "compat.bpf.h"
#include "space.bpf.h"

#define WALK_UNKNOWN -2 /* beside STEP_END and the causes: userspace must go on */

#define FRAMES_PER_CALL 64

struct step_memory {
	struct walk *walk;
};

/*
 * Memory is read in windows: one read of up to 4 KiB costs 0.3 us, each of 8 bytes 0.06 us. A window ends where
 * its page ends, so that a missing page fails alone.
 */
static inline __attribute__((always_inline)) int mem_read(
	struct step_memory *memory, __u64 address, __u64 *value)
{
	struct walk *walk = memory->walk;
	__u64 at = address - walk->window_at, len;

	if (at >= walk->window_len) {
		len = WINDOW - (address & (WINDOW - 1));
		walk->window_len = 0;
		if (bpf_probe_read_user(walk->window, len, (void *)address))
			return -1;
		walk->window_at = address;
		walk->window_len = len;
		at = 0;
	}
	*value = *(__u64 *)&walk->window[at & (WINDOW - 8)];
	return 0;
}

#include "step_native.h"

/* The rule of a code; one of CFA_NONE for none. NULL never comes, but for the verifier. */
inline_always const struct abi_rule *rule_of(__u32 code)
{
	__u32 id = code - CODE_RULE;

	return bpf_map_lookup_elem(&rules, &id);
}

/* False: there is no room for one more. */
inline_always bool push(struct walk *walk, __u64 address)
{
	/* Read anew: kept on the stack across the step, a copy escapes the check below on 6.1's verifier. */
	__u32 n = *(volatile __u32 *)&walk->n_frames;

	if (n >= ABI_FRAMES || n - walk->n_kernel >= ABI_USER_FRAMES)
		return false;
	walk->frames[n] = address;
	walk_hash(walk, address);
	walk->n_frames = n + 1;
	walk->by_fp += walk->state.by_fp;
	return true;
}

/* __start_context: what is kept is the address itself, not the one before it. */
inline_always void correct_last(struct walk *walk)
{
	__u32 n = *(volatile __u32 *)&walk->n_frames - 1;

	if (n < ABI_FRAMES)
		walk->frames[n] = walk->state.regs.ip;
	walk_hash(walk, walk->state.regs.ip);
}

/* One step from code without a rule. */
inline_always int leave_bare(struct walk *walk, struct step_memory *memory, __u32 code)
{
	const struct abi_rule *after;

	if (code == CODE_RULE + CFA_NONE && !walk->state.exact) {
		code = code_find(walk, walk->state.regs.ip);
		if (code == CODE_UNKNOWN && !walk->undeferred)
			return WALK_UNKNOWN;
		after = code > CODE_RULE ? rule_of(code) : NULL;
		if (after && step_begins_stack(after)) {
			correct_last(walk);
			return STEP_END;
		}
	}
	return step_without_rule(&walk->state, memory);
}

inline_always __u32 code_at(struct walk *walk, __u64 address)
{
	__u32 code = walk->space ? code_find(walk, address) : CODE_UNKNOWN;

	/* What ran is code. */
	if (code == CODE_NOTHING && walk->n_frames == walk->n_kernel)
		code = CODE_UNKNOWN;
	return code == CODE_UNKNOWN && walk->undeferred ? CODE_BARE : code;
}

/* Takes the frame that the state is in and steps to its caller. STEP_OK, or what stopped the walk. */
inline_always int walk_one(struct walk *walk)
{
	struct step_memory memory = {walk};
	const struct abi_rule *rule;
	__u64 address = step_address(&walk->state);
	__u32 code = code_at(walk, address);

	if (code == CODE_UNKNOWN)
		return WALK_UNKNOWN;
	step_enter(&walk->state, code == CODE_BARE ? 0 : walk->file);
	if (code == CODE_NOTHING)
		return COUNTER_corrupt;
	if (!push(walk, address))
		return COUNTER_depth_limit;
	if (code <= CODE_RULE + CFA_NONE)
		return leave_bare(walk, &memory, code);
	rule = rule_of(code);
	return rule ? step_by_rule(&walk->state, rule, &memory) : COUNTER_unsupported_rule;
}

ONCE int unwind_frame(void)
{
	__u32 zero = 0;
	struct walk *walk = bpf_map_lookup_elem(&walks, &zero);

	return walk ? walk_one(walk) : STEP_END;
}

ONCE int unwind_frames(void)
{
	int stop = STEP_OK;

	for (int i = 0; i < FRAMES_PER_CALL && stop == STEP_OK; i++)
		stop = unwind_frame();
	return stop;
}

inline_always void begin(struct walk *walk)
{
	struct step_state *state = &walk->state;

	walk->n_frames = walk->n_kernel;
	walk->hash[0] = walk->kernel_hash[0];
	walk->hash[1] = walk->kernel_hash[1];
	walk->by_fp = 0;
	walk->window_len = 0;
	walk->map.end = 0;
	__builtin_memcpy(state->rest.reg, walk->start, sizeof(state->rest.reg));
	state->rest.known = STEP_KNOWN_ALL;
	state->regs.ip = walk->start[16];
	state->regs.sp = walk->start[STEP_REG_SP];
	state->regs.fp = walk->start[STEP_REG_FP];
	state->file = STEP_NO_FRAME;
	state->exact = !walk->in_syscall;
	state->by_fp = 0;
	state->unverified = 0;
}

SEC("perf_event")
int unwind_native(struct bpf_perf_event_data *ctx)
{
	__u32 zero = 0;
	struct walk *walk = bpf_map_lookup_elem(&walks, &zero);
	int stop = STEP_OK;

	if (!walk)
		return 0;
	begin(walk);
	if (!space_find(walk)) {
		walk->space = walk->version = 0;
		stop = walk->undeferred ? STEP_OK : WALK_UNKNOWN;
	}
	for (int i = 0; i <= ABI_USER_FRAMES / FRAMES_PER_CALL && stop == STEP_OK; i++)
		stop = unwind_frames();
	if (stop == WALK_UNKNOWN || (settings.compare && !walk->undeferred)) {
		walk->compared = stop != WALK_UNKNOWN;
		walk->walked_cut = stop > 0 ? stop : 0;
		bpf_tail_call(ctx, &stages, STAGE_DEFER);
		count(walk->cpu, COUNTER_tail_call_failed);
		return 0;
	}
	if (stop > 0 && !walk->cut)
		walk->cut = stop;
	if (walk->state.unverified)
		walk->flags |= ENTRY_UNVERIFIED;
	bpf_tail_call(ctx, &stages, STAGE_EMIT);
	count(walk->cpu, COUNTER_tail_call_failed);
	return 0;
}
