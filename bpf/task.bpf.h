/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is running: the facts of the current task, and the ids of any task as profound's pid namespace sees them.
 */
#ifndef PROFOUND_TASK_BPF_H
#define PROFOUND_TASK_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"

struct task_facts {
	__u32 tgid, tid; /* 0: outside of profound's pid namespace */
	__u64 start_ns;  /* group leader's start_boottime */
	__u32 exec;      /* self_exec_id: counts up with every exec, inherited by fork */
	__u32 flags;     /* PF_... */
	__u64 mm_state;
	__u64 start_stack;
	bool has_mm;
	bool in_exec; /* the old program's registers, perhaps the new one's mappings: there is no user stack now */
};

#define TASK_FACTS(READ, task, out)                                                                \
	do {                                                                                       \
		struct task_struct *leader_ = READ((task), group_leader);                          \
		struct mm_struct *mm_ = READ((task), mm);                                          \
		(out)->start_ns = READ(leader_, start_boottime);                                   \
		(out)->exec = READ((task), self_exec_id);                                          \
		(out)->flags = READ((task), flags);                                                \
		(out)->has_mm = mm_ != 0;                                                          \
		(out)->mm_state = (out)->has_mm ? compat_mm_state(mm_) : 0;                        \
		(out)->start_stack = (out)->has_mm ? READ(mm_, start_stack) : 0;                   \
	} while (0)

#define PIDNS_DEPTH 33 /* MAX_PID_NS_LEVEL + 1 */

/* The number of a struct pid in profound's namespace; 0 when it has none there. */
inline_always __u32 pid_number(struct pid *pid)
{
	const struct upid *numbers = (void *)pid + bpf_core_field_offset(struct pid, numbers);
	__u32 depth = BPF_CORE_READ(pid, level);

	for (__u32 level = 0; level < PIDNS_DEPTH && level <= depth; level++) {
		const struct upid *upid = &numbers[level];

		if (BPF_CORE_READ(upid, ns, ns.inum) == settings.pidns_inum)
			return BPF_CORE_READ(upid, nr);
	}
	return 0;
}

inline_always __u32 task_tgid(struct task_struct *task)
{
	if (!settings.pidns_inum)
		return BPF_CORE_READ(task, tgid);
	return pid_number(BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID]));
}

inline_always __u32 task_tid(struct task_struct *task)
{
	if (!settings.pidns_inum)
		return BPF_CORE_READ(task, pid);
	return pid_number(BPF_CORE_READ(task, thread_pid));
}

inline_always void task_current_ids(struct task_facts *out)
{
	struct task_struct *task;
	__u64 ids;

	if (!settings.pidns_inum) {
		ids = bpf_get_current_pid_tgid();
		out->tgid = ids >> 32;
		out->tid = (__u32)ids;
		return;
	}
	task = (void *)bpf_get_current_task();
	out->tgid = task_tgid(task);
	out->tid = task_tid(task);
}

/* The file that the current task's program is: 0 when there is none. */
inline_always void task_program(__u64 *inode, __u32 *device)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct inode *node = BPF_CORE_READ(task, mm, exe_file, f_inode);

	*inode = node ? BPF_CORE_READ(node, i_ino) : 0;
	*device = node ? BPF_CORE_READ(node, i_sb, s_dev) : 0;
}

inline_always void task_current_facts(struct task_facts *out)
{
	if (compat_has_task_btf()) {
		struct task_struct *task = bpf_get_current_task_btf();

		TASK_FACTS(COMPAT_LOAD, task, out);
		out->in_exec = BPF_CORE_READ_BITFIELD(task, in_execve);
	} else {
		struct task_struct *task = (void *)bpf_get_current_task();

		TASK_FACTS(BPF_CORE_READ, task, out);
		out->in_exec = BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
	}
}

#endif
