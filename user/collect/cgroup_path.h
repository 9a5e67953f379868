/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cgroup's directory to what the sampling program compares: the directory decides the hierarchy,
 * v2 or v1 (hybrid machines have both at once).
 */
#ifndef PROFOUND_CGROUP_PATH_H
#define PROFOUND_CGROUP_PATH_H

#include "abi.h"
#include "base/fault.h"

/*
 * `path` is a directory below any cgroup mount, or a cgroup's name relative to the mounts
 * ("system.slice/x", also with the leading slash that /proc/PID/cgroup shows): v2 is looked at
 * first, then v1, where it must be in one hierarchy only. 0; -ENOENT, -ENOTUNIQ, or another
 * negative errno, with the fault filled.
 */
int cgroup_path_find(const char *path, struct abi_cgroup *cgroup, struct fault *fault);

#endif
