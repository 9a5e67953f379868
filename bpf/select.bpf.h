/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does the current task belong to the selection? Decided before any other work. Kinds are ANDed, the values of
 * one kind ORed; a kind that was not given costs nothing, its branch is dead to the verifier.
 */
#ifndef PROFOUND_SELECT_BPF_H
#define PROFOUND_SELECT_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"
#include "task.bpf.h"

#define CGROUP_DEPTH 24
#define CGROUP_LINKS 24

inline_always bool select_uid(struct task_struct *task)
{
	__u32 uid = BPF_CORE_READ(task, cred, euid.val);

	for (__u32 i = 0; i < ABI_SELECT && i < settings.n_uids; i++)
		if (settings.uids[i] == uid)
			return true;
	return false;
}

inline_always bool select_comm(void)
{
	union {
		char text[ABI_COMM];
		__u64 word[2];
	} comm = {};

	bpf_get_current_comm(comm.text, sizeof(comm.text));
	for (__u32 i = 0; i < ABI_SELECT && i < settings.n_comms; i++) {
		const volatile __u64 *want = (const volatile __u64 *)settings.comms[i];

		if (want[0] == comm.word[0] && want[1] == comm.word[1])
			return true;
	}
	return false;
}

/* Is `cgroup` the one with this kernfs id, or below it? */
inline_always bool cgroup_within(struct cgroup *cgroup, __u64 id)
{
	struct cgroup_subsys_state *parent;

	for (int depth = 0; depth < CGROUP_DEPTH && cgroup; depth++) {
		if (BPF_CORE_READ(cgroup, kn, id) == id)
			return true;
		parent = BPF_CORE_READ(cgroup, self.parent);
		if (!parent)
			return false;
		cgroup = (void *)parent - bpf_core_field_offset(struct cgroup, self);
	}
	return false;
}

/* The cgroup that a hierarchy without controllers (name=systemd) has the task in: found among its css_set's links. */
inline_always struct cgroup *cgroup_named(struct css_set *set, __u32 hierarchy)
{
	struct list_head *head = (void *)set + bpf_core_field_offset(struct css_set, cgrp_links);
	struct list_head *node = BPF_CORE_READ(head, next);

	for (int i = 0; i < CGROUP_LINKS && node && node != head; i++) {
		struct cgrp_cset_link *link =
			(void *)node - bpf_core_field_offset(struct cgrp_cset_link, cgrp_link);
		struct cgroup *cgroup = BPF_CORE_READ(link, cgrp);

		if (BPF_CORE_READ(cgroup, root, hierarchy_id) == (int)hierarchy)
			return cgroup;
		node = BPF_CORE_READ(link, cgrp_link.next);
	}
	return 0;
}

inline_always bool select_cgroup(struct task_struct *task, const volatile struct abi_cgroup *cgroups, __u32 n)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);

	for (__u32 i = 0; i < ABI_SELECT && i < n; i++) {
		__u32 kind = cgroups[i].kind, number = cgroups[i].number;
		struct cgroup *cgroup;

		if (kind == CGROUP_V2)
			cgroup = BPF_CORE_READ(set, dfl_cgrp);
		else if (kind == CGROUP_V1)
			cgroup = BPF_CORE_READ(set, subsys[number & 31], cgroup);
		else
			cgroup = cgroup_named(set, number);
		if (cgroup_within(cgroup, cgroups[i].id))
			return true;
	}
	return false;
}

inline_always bool select_members(const struct task_facts *ids)
{
	if (settings.by_tgid && !bpf_map_lookup_elem(&members_tgid, &ids->tgid))
		return false;
	if (settings.by_tid && !bpf_map_lookup_elem(&members_tid, &ids->tid))
		return false;
	return true;
}

inline_always bool select_current(const struct task_facts *ids)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!select_members(ids))
		return false;
	if (settings.n_uids && !select_uid(task))
		return false;
	if (settings.n_comms && !select_comm())
		return false;
	if (settings.n_cgroups && !select_cgroup(task, settings.cgroups, settings.n_cgroups))
		return false;
	if (settings.n_containers && !select_cgroup(task, settings.containers, settings.n_containers))
		return false;
	return true;
}

#endif
