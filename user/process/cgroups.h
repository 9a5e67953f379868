/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paths of v2 cgroups by the id that the kernel side reads (bpf_get_current_cgroup_id(): the kernfs id, the
 * directory's inode number). An id is the file handle of its directory: kernfs_fh_to_dentry() in fs/kernfs/mount.c,
 * type FILEID_KERNFS since Linux 5.5 (33c5ac917519); open_by_handle_at(2) asks for CAP_DAC_READ_SEARCH. A cgroup that
 * was seen once is known after its end as well, ids are not used again.
 */
#ifndef PROFOUND_CGROUPS_H
#define PROFOUND_CGROUPS_H

#include <stdbool.h>
#include <stdint.h>

#define CGROUPS_KEPT 16384 /* then all are forgotten, and found again */

struct cgroups;

/* NULL: no memory. */
struct cgroups *cgroups_new(void);
void cgroups_free(struct cgroups *cgroups);

/*
 * From the hierarchy's root, "/" for the root itself; good until the next call. NULL: not known: id 0, a cgroup that
 * ended before anybody asked, or one that we cannot see (no v2 mount, no privilege, another part of the tree).
 */
const char *cgroups_path(struct cgroups *cgroups, uint64_t id);

/* Do ids not tell all: v1 hierarchies are mounted, or v2's root is not in our sight? Then /proc/PID/cgroup may. */
bool cgroups_need_proc(const struct cgroups *cgroups);

#endif
