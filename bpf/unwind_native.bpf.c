// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * By frame pointer alone, where a sample could not be deferred. Walks the user stack from walk->regs: one step after the other, so many in one program that the verifier stays
 * content, then calls itself again (the kernel allows 33 tail calls a run).
 */
#include "maps.bpf.h"
#include "compat.bpf.h"

#define STEPS_PER_CALL 24 /* 27 calls reach ABI_USER_FRAMES */

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

#include "step_fp.h"

/* One more frame of the user's side; 0, or what stopped the walk (STEP_END or a cause). */
inline_always int unwind_one(struct walk *walk)
{
	struct step_memory memory = {walk};
	struct step_regs regs = walk->regs;
	int stop = step_fp(&regs, &memory);
	__u32 n;

	if (stop)
		return stop;
	/* Read anew: kept on the stack across the step, a copy escapes the check below on 6.1's verifier. */
	n = *(volatile __u32 *)&walk->n_frames;
	if (n >= ABI_FRAMES || n - walk->n_kernel >= ABI_USER_FRAMES)
		return COUNTER_depth_limit;
	walk->regs = regs;
	walk->frames[n] = regs.ip - 1; /* a return address: what called is before it */
	walk_hash(walk, regs.ip - 1);
	walk->n_frames = n + 1;
	walk->by_fp++;
	return 0;
}

SEC("perf_event")
int unwind_native(struct bpf_perf_event_data *ctx)
{
	__u32 zero = 0;
	struct walk *walk = bpf_map_lookup_elem(&walks, &zero);
	int stop = 0;

	if (!walk)
		return 0;
	for (int i = 0; i < STEPS_PER_CALL && !stop; i++)
		stop = unwind_one(walk);
	if (!stop) {
		bpf_tail_call(ctx, &stages, STAGE_UNWIND);
		stop = COUNTER_depth_limit;
	}
	if (stop > 0 && !walk->cut)
		walk->cut = stop;
	walk->flags |= ENTRY_UNVERIFIED;
	bpf_tail_call(ctx, &stages, STAGE_EMIT);
	count(walk->cpu, COUNTER_tail_call_failed);
	return 0;
}
