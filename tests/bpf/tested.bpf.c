// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries to the kernel side's inline functions, each called in the context of whoever runs the program. */
#include "maps.bpf.h"
#include "compat.bpf.h"
#include "registers.bpf.h"
#include "select.bpf.h"
#include "task.bpf.h"

/* Shared with the test. */
struct task_facts facts = {};
struct task_facts facts_by_reads = {}; /* as kernels without bpf_get_current_task_btf() read them */
struct compat_regs user_regs = {};
__u32 selected = 0;
__u64 start[17] = {};
__u32 in_syscall = 0, user_leaf = 0, registers_taken = 0;

SEC("raw_tp/test_facts")
int test_facts(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	struct mm_struct *mm = BPF_CORE_READ(task, mm);

	task_current_ids(&facts);
	task_current_facts(&facts);
	facts_by_reads.tgid = task_tgid(task);
	facts_by_reads.tid = task_tid(task);
	facts_by_reads.start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	facts_by_reads.exec = BPF_CORE_READ(task, self_exec_id);
	facts_by_reads.flags = BPF_CORE_READ(task, flags);
	facts_by_reads.mm_state = COMPAT_MM_STATE(BPF_CORE_READ, mm);
	facts_by_reads.start_stack = BPF_CORE_READ(mm, start_stack);
	return 0;
}

SEC("raw_tp/test_user_regs")
int test_user_regs(void *ctx)
{
	compat_user_regs(&user_regs);
	return 0;
}

SEC("raw_tp/test_select")
int test_select(void *ctx)
{
	struct task_facts ids = {};

	task_current_ids(&ids);
	selected = select_current(&ids);
	return 0;
}

SEC("perf_event")
int test_registers(struct bpf_perf_event_data *ctx)
{
	__u32 zero = 0;
	struct walk *walk = bpf_map_lookup_elem(&walks, &zero);
	struct compat_regs event;

	if (!walk)
		return 0;
	walk->flags = 0;
	compat_event_regs(ctx, &event);
	registers_taken = take_user_regs(ctx, walk, &event);
	for (int i = 0; i < 17; i++)
		start[i] = walk->start[i];
	in_syscall = walk->in_syscall;
	user_leaf = walk->flags & ENTRY_USER_LEAF;
	return 0;
}
