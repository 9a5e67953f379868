// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/selection.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "collect/cgroup_path.h"
#include "collect/container.h"

#define CPU_ONLINE "/sys/devices/system/cpu/online"

/* The process of a thread; 0 when /proc does not say (hidepid, or not mounted). */
static uint32_t process_of(uint32_t tid)
{
	char path[64], line[256];
	uint32_t tgid = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/status", tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (!tgid && fgets(line, sizeof(line), file))
		sscanf(line, "Tgid: %u", &tgid);
	fclose(file);
	return tgid;
}

static bool exists(uint32_t id)
{
	return !kill((pid_t)id, 0) || errno != ESRCH;
}

static int check_pids(const struct selection_ids *pids, struct fault *fault)
{
	for (unsigned i = 0; i < pids->n; i++) {
		uint32_t pid = pids->id[i], tgid;

		if (!exists(pid))
			return fault_set(fault, -ESRCH, "-p %u: no such process", pid);
		tgid = process_of(pid);
		if (tgid && tgid != pid)
			return fault_set(fault, -ESRCH,
				"-p %u: that is a thread of process %u; use -t %u for the thread "
				"or -p %u",
				pid, tgid, pid, tgid);
	}
	return 0;
}

static int check_tids(const struct selection_ids *tids, struct fault *fault)
{
	for (unsigned i = 0; i < tids->n; i++)
		if (!exists(tids->id[i]))
			return fault_set(fault, -ESRCH, "-t %u: no such thread", tids->id[i]);
	return 0;
}

static int check_cpus(const struct cpu_mask *cpus, struct fault *fault)
{
	struct cpu_mask online = {{0}};
	int err = cpu_mask_read(&online, CPU_ONLINE);

	if (err)
		return fault_set(fault, -EIO, "%s: %s", CPU_ONLINE, strerror(-err));
	for (unsigned cpu = 0; cpu < CPU_MASK_CPUS; cpu++)
		if (cpu_mask_has(cpus, cpu) && !cpu_mask_has(&online, cpu))
			return fault_set(fault, -ENODEV,
				"-C %u: no such CPU, or not online; see %s", cpu, CPU_ONLINE);
	return 0;
}

static int find_user(const char *word, uint32_t *uid, struct fault *fault)
{
	struct passwd *user;
	uint64_t number;

	/* (uid_t)-1 means "no change" to the kernel: no task has it. */
	if (!number_decimal(word, &number) && number < UINT32_MAX) {
		*uid = number;
		return 0;
	}
	user = getpwnam(word);
	if (!user)
		return fault_set(fault, -ENOENT, "-u %s: no such user; see getent passwd", word);
	*uid = user->pw_uid;
	return 0;
}

int selection_resolve(
	const struct selection_request *request, struct selection *selection, struct fault *fault)
{
	struct selection found = {.pids = request->pids, .tids = request->tids};
	int err;

	err = check_pids(&found.pids, fault);
	if (!err)
		err = check_tids(&found.tids, fault);
	if (!err && request->by_cpu)
		err = check_cpus(&request->cpus, fault);
	if (err)
		return err;
	found.by_cpu = request->by_cpu;
	found.cpus = request->cpus;
	for (; found.n_uids < request->users.n; found.n_uids++) {
		err = find_user(
			request->users.name[found.n_uids], &found.uids[found.n_uids], fault);
		if (err)
			return err;
	}
	for (; found.n_cgroups < request->cgroups.n; found.n_cgroups++) {
		err = cgroup_path_find(request->cgroups.word[found.n_cgroups],
			&found.cgroups[found.n_cgroups], fault);
		if (err)
			return err;
	}
	for (; found.n_containers < request->containers.n; found.n_containers++) {
		err = container_find(request->containers.word[found.n_containers],
			&found.containers[found.n_containers], fault);
		if (err)
			return err;
	}
	for (; found.n_comms < request->comms.n; found.n_comms++)
		snprintf(found.comms[found.n_comms], ABI_COMM, "%s",
			request->comms.word[found.n_comms]);
	*selection = found;
	return 0;
}
