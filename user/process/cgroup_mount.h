/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cgroup hierarchies that are mounted: the lines of a mountinfo (proc(5)) that are about them. */
#ifndef PROFOUND_CGROUP_MOUNT_H
#define PROFOUND_CGROUP_MOUNT_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct cgroup_mount {
	dev_t dev;
	bool v2;
	char root[PATH_MAX]; /* the part of the hierarchy that is mounted, as our cgroup namespace shows it */
	char point[PATH_MAX];
	char options[256]; /* of the superblock: "rw,cpu,cpuacct", "rw,xattr,name=systemd" */
};

/* The next one of an open mountinfo; false: there is none. A hierarchy can be mounted more than once. */
bool cgroup_mount_next(FILE *mountinfo, struct cgroup_mount *mount);

#endif
