// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Follows the descendants of the selected processes and threads: membership is copied on fork, before the child
 * runs, and dropped on exit. perf's sideband would tell too late.
 */
#include "maps.bpf.h"
#include "compat.bpf.h"
#include "task.bpf.h"

inline_always void join(struct map_members *members, __u32 parent, __u32 child, __u64 start)
{
	if (!bpf_map_lookup_elem(members, &parent))
		return;
	if (bpf_map_update_elem(members, &child, &start, BPF_ANY))
		count(bpf_get_smp_processor_id(), COUNTER_member_table_full);
}

SEC("raw_tp/sched_process_fork")
int members_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *parent = (void *)ctx->args[0], *child = (void *)ctx->args[1];

	if (settings.by_tgid)
		join(&members_tgid, task_tgid(parent), task_tgid(child),
			BPF_CORE_READ(child, group_leader, start_boottime));
	if (settings.by_tid)
		join(&members_tid, task_tid(parent), task_tid(child),
			BPF_CORE_READ(child, start_boottime));
	return 0;
}

/* Not if the number is another's by now. */
inline_always void leave(struct map_members *members, __u32 id, __u64 start)
{
	__u64 *member = bpf_map_lookup_elem(members, &id);

	if (member && (!*member || *member == start))
		bpf_map_delete_elem(members, &id);
}

/*
 * When nothing of the task is left to sample: its exit's own work, tearing down the address space first of all,
 * belongs to it. (sched_process_exit comes before that since 6.16.) The leader is freed after all its threads.
 */
SEC("raw_tp/sched_process_free")
int members_free(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	__u64 start = BPF_CORE_READ(task, start_boottime);
	__u32 tid = BPF_CORE_READ(task, pid), tgid = BPF_CORE_READ(task, tgid);

	if (settings.by_tid)
		leave(&members_tid, tid, start);
	if (settings.by_tgid && tid == tgid)
		leave(&members_tgid, tgid, start);
	return 0;
}

/* In a pid namespace of ours a freed task has no number any more: it leaves when it starts to exit. */
SEC("raw_tp/sched_process_exit")
int members_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];

	if (settings.by_tid)
		leave(&members_tid, task_tid(task), BPF_CORE_READ(task, start_boottime));
	if (settings.by_tgid && !BPF_CORE_READ(task, signal, live.counter))
		leave(&members_tgid, task_tgid(task),
			BPF_CORE_READ(task, group_leader, start_boottime));
	return 0;
}
