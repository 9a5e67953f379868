/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose samples: a process in a profile, who that was, and the attributes under which exporters send it. */
#ifndef PROFOUND_PROFILE_WHO_H
#define PROFOUND_PROFILE_WHO_H

#include <stdbool.h>
#include <stdint.h>

struct profile_process { /* interned by its bytes: no padding */
	uint32_t pid;  /* as profound's own pid namespace has it; 0: it is not in there */
	uint32_t exec; /* counts its execs, low bits: each program that it ran is one of these */
	uint64_t start_ns;
	uint64_t cgroup; /* kernfs id of its v2 cgroup, as in abi_entry: of each one that it was in */
};

_Static_assert(sizeof(struct profile_process) == 24, "profile_process");

/* Who that was: text ids; that of "": not known, or there is none. */
struct profile_who {
	uint32_t exe;       /* path of the program, in its own mount namespace */
	uint32_t cgroup;    /* path: v2's, or the one that says most */
	uint32_t container; /* id */
	uint32_t runtime;   /* docker, containerd, cri-o, podman, ecs, garden */
	uint32_t pod;       /* UID */
	uint32_t unit;      /* systemd's */
	/* What the process says of itself (OpenTelemetry process context, or OTEL_SERVICE_NAME and
	 * OTEL_RESOURCE_ATTRIBUTES of its environment): "key=value" pairs as OTEL_RESOURCE_ATTRIBUTES has them. */
	uint32_t stated;
	bool kernel_thread; /* one of the kernel's own: there is no program */
	uint32_t resource; /* index into profile.resources + 1; 0: none was made */
};

/* One attribute of a resource: a resource is an array of these in profile.resources, sorted by key, keys once. */
struct profile_attribute {
	uint32_t key, value; /* text ids */
};

_Static_assert(sizeof(struct profile_attribute) == 8, "profile_attribute");

#define PROFILE_ATTRIBUTES 15 /* of a resource at most: back ends make labels of them */

#endif
