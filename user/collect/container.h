/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container's id, or a pod's UID, to its cgroup: the directories of the hierarchies tell (cgroup_name.h). */
#ifndef PROFOUND_CONTAINER_H
#define PROFOUND_CONTAINER_H

#include "abi.h"
#include "base/fault.h"

#define CONTAINER_LEAST 6 /* digits */

/* 0; -EINVAL with the fault filled: no beginning of an id, and no pod's UID. */
int container_check(const char *id, struct fault *fault);

/*
 * The cgroup of the container whose id begins with `id`, or of the pod, with all that is below it. v2 is looked at
 * first, then each v1 hierarchy. 0; -ENOENT, -ENOTUNIQ, or another negative errno, with the fault filled.
 */
int container_find(const char *id, struct abi_cgroup *cgroup, struct fault *fault);

#endif
