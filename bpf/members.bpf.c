// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Follows the descendants of the selected processes and threads: membership is copied on fork, before the child
 * runs, and dropped on exit. perf's sideband would tell too late.
 */
#include "maps.bpf.h"
#include "compat.bpf.h"
#include "task.bpf.h"

inline_always void join(struct map_members *members, __u32 parent, __u32 child)
{
	__u8 one = 1;

	if (!bpf_map_lookup_elem(members, &parent))
		return;
	if (bpf_map_update_elem(members, &child, &one, BPF_ANY))
		count(bpf_get_smp_processor_id(), COUNTER_member_table_full);
}

SEC("raw_tp/sched_process_fork")
int members_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *parent = (void *)ctx->args[0], *child = (void *)ctx->args[1];

	if (settings.by_tgid)
		join(&members_tgid, task_tgid(parent), task_tgid(child));
	if (settings.by_tid)
		join(&members_tid, task_tid(parent), task_tid(child));
	return 0;
}

SEC("raw_tp/sched_process_exit")
int members_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	__u32 id;

	if (settings.by_tid) {
		id = task_tid(task);
		bpf_map_delete_elem(&members_tid, &id);
	}
	/* The last thread to leave takes the process with it. */
	if (settings.by_tgid && !BPF_CORE_READ(task, signal, live.counter)) {
		id = task_tgid(task);
		bpf_map_delete_elem(&members_tgid, &id);
	}
	return 0;
}
