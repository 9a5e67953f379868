/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which tasks to sample: what a person asked for, checked against this machine. Kinds are ANDed,
 * values of one kind ORed; a kind without values lets everything pass.
 */
#ifndef PROFOUND_SELECTION_H
#define PROFOUND_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "base/cpu_mask.h"
#include "base/fault.h"

#define SELECTION_IDS 1024

struct selection_ids {
	unsigned n;
	uint32_t id[SELECTION_IDS];
};

struct selection_words { /* borrowed strings */
	unsigned n;
	const char *word[ABI_SELECT];
};

struct selection_users { /* names or numbers */
	unsigned n;
	char name[ABI_SELECT][64];
};

struct selection_request {
	struct selection_ids pids, tids;
	struct selection_users users;
	struct selection_words cgroups;
	struct selection_words containers; /* container_check() says yes */
	struct selection_words comms; /* at most 15 bytes each */
	bool by_cpu;
	struct cpu_mask cpus;
};

struct selection {
	struct selection_ids pids, tids; /* of profound's own pid namespace */
	bool by_cpu;
	struct cpu_mask cpus; /* all online at the time of the check */
	unsigned n_uids, n_comms, n_cgroups, n_containers;
	uint32_t uids[ABI_SELECT];
	char comms[ABI_SELECT][ABI_COMM];
	struct abi_cgroup cgroups[ABI_SELECT];
	struct abi_cgroup containers[ABI_SELECT];
};

/*
 * 0; else a fault that names the value: -ESRCH no such process or thread (also a thread given as a
 * process), -ENODEV no such CPU or not online, -ENOENT no such user, cgroup or container,
 * -ENOTUNIQ a cgroup name that several hierarchies have, or several containers. *selection unchanged on failure.
 */
int selection_resolve(
	const struct selection_request *request, struct selection *selection, struct fault *fault);

#endif
