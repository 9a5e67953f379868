/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to userspace that must not wait for the next interval. */
#ifndef PROFOUND_NOTICE_BPF_H
#define PROFOUND_NOTICE_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"
#include "task.bpf.h"

struct map_notices {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
};
extern struct map_notices notices SEC(".maps");

/* The processes that this CPU told userspace of, each of their programs anew; direct mapped. */
#define KNOWN 256

struct known {
	__u64 process[KNOWN];
};

struct map_known {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct known);
};
extern struct map_known known SEC(".maps");

inline_always bool notice(const struct walk *walk, __u32 kind)
{
	struct abi_notice message = {
		.kind = kind,
		.tgid = walk->tgid,
		.start_ns = walk->start_ns,
		.mm_state = walk->mm_state,
		.cgroup = compat_cgroup_id(),
		.exec = walk->exec,
	};

	if (kind == NOTICE_PROCESS)
		task_program(&message.exe_inode, &message.exe_device);

	if (!bpf_ringbuf_output(&notices, &message, sizeof(message), 0))
		return true;
	count(walk->cpu, COUNTER_notice_lost);
	return false;
}

inline_always void notice_process(const struct walk *walk)
{
	__u64 id = process_id(walk);
	__u32 zero = 0;
	struct known *table = bpf_map_lookup_elem(&known, &zero);

	if (!table || !walk->tgid || walk->flags & ENTRY_NO_USER)
		return;
	if (table->process[(id >> 8) & (KNOWN - 1)] == id)
		return;
	if (notice(walk, NOTICE_PROCESS))
		table->process[(id >> 8) & (KNOWN - 1)] = id;
}

#endif
