// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Entry on a perf event: decides whether the sample counts, takes the kernel's side of the stack and the user
 * registers, and hands over to the unwinder.
 */
#include "maps.bpf.h"
#include "compat.bpf.h"
#include "registers.bpf.h"
#include "runtime.bpf.h"
#include "select.bpf.h"
#include "task.bpf.h"

/* Only when the kernel was interrupted: bpf_get_stack costs 0.4 to 1.2 us even when there is none. */
inline_always void take_kernel_stack(struct bpf_perf_event_data *ctx, struct walk *walk)
{
	long size = bpf_get_stack(ctx, walk->frames, ABI_KERNEL_FRAMES * sizeof(__u64), 0);

	if (size <= 0) {
		walk->cut = COUNTER_kernel_stack_unreadable;
		return;
	}
	walk->n_kernel = (__u64)size / sizeof(__u64);
	walk->n_frames = walk->n_kernel;
	for (__u32 i = 0; i < ABI_KERNEL_FRAMES && i < walk->n_kernel; i++)
		walk_hash(walk, walk->frames[i]);
	if (walk->n_kernel >= settings.kernel_frames)
		walk->cut = COUNTER_depth_limit;
}

inline_always void walk_begin(struct walk *walk, __u32 cpu, const struct task_facts *facts)
{
	walk->cpu = cpu;
	walk->tgid = facts->tgid;
	walk->tid = settings.with_tid ? facts->tid : 0;
	walk->start_ns = facts->start_ns;
	walk->exec = facts->exec;
	walk->mm_state = facts->mm_state;
	walk->start_stack = facts->start_stack;
	walk->flags = facts->flags & PF_KTHREAD ? ENTRY_KERNEL_THREAD : 0;
	walk->n_kernel = 0;
	walk->n_frames = 0;
	walk->by_fp = 0;
	walk->cut = 0;
	walk->hash[0] = walk->hash[1] = 0;
	walk->undeferred = 0;
	walk->compared = 0;
	walk->space = walk->version = 0;
	walk->runtime.kind = RUNTIME_NONE;
	walk->runtime.n = 0;
	walk->runtime.cut = 0;
	walk->runtime.told = 0;
	walk->runtime.hash[0] = walk->runtime.hash[1] = 0;
}

/* The user's side of the stack, as far as it can be told here. True: there is something to unwind. */
inline_always bool take_user(const struct bpf_perf_event_data *ctx, struct walk *walk,
	const struct compat_regs *event, const struct task_facts *facts)
{
	if (facts->flags & PF_KTHREAD || !facts->has_mm || facts->in_exec ||
		!take_user_regs(ctx, walk, event)) {
		walk->flags |= ENTRY_NO_USER;
		return false;
	}
	if (settings.no_user || walk->cut == COUNTER_kernel_stack_unreadable)
		return false;
	if (settings.pidns_inum && !facts->tgid) {
		walk->cut = COUNTER_other_pid_namespace;
		return false;
	}
	if (walk->cut != COUNTER_compat_32bit)
		return true;
	walk->frames[walk->n_frames & 127] = walk->start[16];
	walk_hash(walk, walk->start[16]);
	walk->n_frames++;
	return false;
}

inline_always __u32 next_stage(const struct walk *walk, bool unwind)
{
	if (!unwind)
		return STAGE_EMIT;
	return runtime_is_none(walk) ? STAGE_UNWIND : STAGE_CPYTHON;
}

/* Everything about a sample that counts; hands over and does not return unless that fails. */
inline_always void take_sample(struct bpf_perf_event_data *ctx, __u32 cpu, struct task_facts *facts)
{
	struct compat_regs event;
	struct walk *walk;
	__u32 zero = 0;
	bool unwind;

	count(cpu, COUNTER_passed);
	task_current_facts(facts);
	walk = bpf_map_lookup_elem(&walks, &zero);
	if (!walk || (!facts->start_ns && facts->tgid)) {
		count(cpu, COUNTER_unreadable_task);
		return;
	}
	walk_begin(walk, cpu, facts);
	compat_event_regs(ctx, &event);
	if (!settings.no_kernel && !user_mode(event.cs))
		take_kernel_stack(ctx, walk);
	walk->kernel_hash[0] = walk->hash[0];
	walk->kernel_hash[1] = walk->hash[1];
	unwind = take_user(ctx, walk, &event, facts);
	bpf_tail_call(ctx, &stages, next_stage(walk, unwind));
	count(cpu, COUNTER_tail_call_failed);
}

/* Counts the run. True: it found the idle task, and that is all there is to know (not with keep_idle). */
inline_always bool found_idle(__u32 cpu)
{
	count(cpu, COUNTER_runs);
	if (bpf_get_current_pid_tgid())
		return false;
	count(cpu, COUNTER_idle);
	return !settings.keep_idle;
}

/* Every task of the machine, by the numbers of the initial pid namespace. */
SEC("perf_event")
int sample_all(struct bpf_perf_event_data *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct task_facts facts = {};
	__u64 ids = bpf_get_current_pid_tgid();

	if (found_idle(cpu))
		return 0;
	facts.tgid = ids >> 32;
	facts.tid = (__u32)ids;
	take_sample(ctx, cpu, &facts);
	return 0;
}

/*
 * The selected tasks, in any pid namespace. A program of its own: libbpf looks for every kernel type that a program
 * names, a millisecond each, and these are two thirds of them.
 */
SEC("perf_event")
int sample_selected(struct bpf_perf_event_data *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct task_facts facts = {};

	if (found_idle(cpu))
		return 0;
	task_current_ids(&facts);
	if (select_current(&facts))
		take_sample(ctx, cpu, &facts);
	return 0;
}
