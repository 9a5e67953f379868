/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which interpreter the sampled process runs, and where: by what userspace told of the process (`hosts`) or of its program
 * (`programs`), proved by 8 bytes in memory, and kept per CPU until userspace has told of another interpreter.
 */
#ifndef PROFOUND_RUNTIME_BPF_H
#define PROFOUND_RUNTIME_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"
#include "task.bpf.h"

struct map_cpythons {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, ABI_CPYTHONS);
	__type(key, __u32);
	__type(value, struct abi_cpython);
};
extern struct map_cpythons cpythons SEC(".maps");

struct map_programs {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, ABI_PROGRAMS);
	__type(key, __u32);
	__type(value, struct abi_program);
};
extern struct map_programs programs SEC(".maps");

struct map_hosts {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, ABI_HOSTS);
	__type(key, __u32);
	__type(value, struct abi_host);
};
extern struct map_hosts hosts SEC(".maps");

/* What was found lately, by process, direct mapped. */
#define RUNTIMES 256

struct runtime_found {
	__u64 process; /* process_id() */
	__u64 bias;
	__u32 epoch;
	__u16 kind; /* RUNTIME_NONE: it runs none that is known */
	__u16 build;
};

struct runtimes {
	struct runtime_found found[RUNTIMES];
};

struct map_runtimes {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct runtimes);
};
extern struct map_runtimes runtimes SEC(".maps");

inline_always struct runtime_found *runtime_slot(__u64 process)
{
	__u32 zero = 0;
	struct runtimes *table = bpf_map_lookup_elem(&runtimes, &zero);

	return table ? &table->found[(process >> 8) & (RUNTIMES - 1)] : NULL;
}

/* Is it known that the sample's process runs no interpreter? Cheap, for programs that hand over. */
inline_always bool runtime_is_none(const struct walk *walk)
{
	__u64 process = process_id(walk);
	const struct runtime_found *slot = runtime_slot(process);

	return slot && slot->process == process && slot->epoch == runtime_epoch &&
	       slot->kind == RUNTIME_NONE;
}

#endif
