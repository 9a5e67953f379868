/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the kernel's entries (addresses) to the profile's samples (places): each address is looked up in what was
 * mapped in its process during the entry's span of time, and the files that it leads to are opened while they can
 * be. What cannot be placed is kept as unknown, with the cause.
 */
#ifndef PROFOUND_RESOLVE_H
#define PROFOUND_RESOLVE_H

#include "abi.h"
#include "object/object.h"
#include "process/process.h"
#include "profile/profile.h"
#include "runtime/code_table.h"
#include "runtime/interpreters.h"
#include "unwind/spaces.h"
#include "unwind/tables.h"

struct resolver {
	struct profile *profile;     /* all borrowed */
	struct objects *objects;
	struct processes *processes;
	struct cgroups *cgroups;     /* NULL: none are known by id */
	struct tables *tables;
	struct spaces *spaces;
	struct interpreters *interpreters; /* NULL: none is looked for */
	struct code_table *codes;    /* of interpreters */
	uint64_t *counters; /* by enum abi_counter; user_memory is added to */
	uint64_t by_fp;     /* frames found by frame pointer, weighted by samples */
};

/* Adds one entry; its frames are innermost first, kernel frames first; `runtime` are its n_runtime frames. The process's
 * maps have been refreshed, and what the kernel side told of code objects was read. */
void resolve_entry(struct resolver *resolver, const struct abi_entry *entry, const uint64_t *frames,
	const struct abi_runtime_frame *runtime);

#endif
