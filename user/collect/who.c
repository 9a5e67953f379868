// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/who.h"

#include <stdbool.h>
#include <string.h>

#include "process/cgroup_file.h"
#include "process/cgroup_name.h"
#include "process/cgroups.h"

static bool known(const struct profile *profile, uint32_t text)
{
	return profile_text(profile, text)[0] != '\0';
}

static unsigned rank_of(const char *path)
{
	return path ? cgroup_path_rank(path, strlen(path)) : 0;
}

/* NULL: not known. */
static const char *best_cgroup(const struct resolver *resolver, const struct abi_entry *entry,
	const struct process *process)
{
	const char *path = resolver->cgroups ? cgroups_path(resolver->cgroups, entry->cgroup) : NULL;
	const char *read = process ? process_cgroup(resolver->processes, process) : NULL;

	return !path || (read && rank_of(read) > rank_of(path)) ? read : path;
}

static int tell_cgroup(struct profile *profile, struct profile_who *who, const char *path)
{
	struct cgroup_name name;
	int err = intern_text(&profile->text, path, &who->cgroup);

	cgroup_name_parse(&name, path, strlen(path));
	if (!err)
		err = intern_text(&profile->text, name.container, &who->container);
	if (!err)
		err = intern_text(&profile->text, name.runtime, &who->runtime);
	if (!err)
		err = intern_text(&profile->text, name.pod, &who->pod);
	if (!err)
		err = intern_text(&profile->text, name.unit, &who->unit);
	return err;
}

/* A path that says nothing gives way to one that does. */
static bool is_final(const struct profile *profile, const struct profile_who *who)
{
	return rank_of(profile_text(profile, who->cgroup)) > 1;
}

/* The latest counts: a service may state what it is when it has begun. */
static int tell_stated(const struct resolver *resolver, const struct abi_entry *entry, const struct process *process,
	struct profile_who *who)
{
	const char *stated = process_stated(resolver->processes, process, entry->last_ns);

	return stated ? intern_text(&resolver->profile->text, stated, &who->stated) : 0;
}

static int fill(const struct resolver *resolver, const struct abi_entry *entry, struct profile_who *who)
{
	const struct process *process =
		entry->tgid ? processes_find(resolver->processes, entry->tgid, entry->start_ns) : NULL;
	struct profile *profile = resolver->profile;
	const char *exe = process ? process_exe(resolver->processes, process, entry->last_ns) : NULL;
	const char *cgroup;
	int err = 0;

	if (exe && !known(profile, who->exe))
		err = intern_text(&profile->text, exe, &who->exe);
	if (!err && process)
		err = tell_stated(resolver, entry, process, who);
	if (err || is_final(profile, who))
		return err;
	cgroup = best_cgroup(resolver, entry, process);
	if (!cgroup || rank_of(cgroup) < rank_of(profile_text(profile, who->cgroup)))
		return 0;
	return tell_cgroup(profile, who, cgroup);
}

int who_add(const struct resolver *resolver, const struct abi_entry *entry, uint32_t *index)
{
	const struct profile_process process = {
		.pid = entry->tgid,
		.exec = entry->exec,
		.start_ns = entry->start_ns,
		.cgroup = entry->cgroup,
	};
	struct profile_who *who;
	int err = profile_process(resolver->profile, &process, index);

	if (err)
		return err;
	who = &resolver->profile->who[*index];
	who->kernel_thread = entry->flags & ENTRY_KERNEL_THREAD;
	if (known(resolver->profile, who->exe) && is_final(resolver->profile, who) &&
		!processes_states_are_read(resolver->processes))
		return 0;
	return fill(resolver, entry, who);
}
