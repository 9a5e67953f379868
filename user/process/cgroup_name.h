/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the path of a cgroup says: which container, pod and systemd unit. Pure, one pass, no daemon is asked. The path
 * may be hostile: whoever may make cgroups chooses it.
 *
 * A container's id is 64 hex digits, as a component of its own (runc's cgroupfs driver) or in a scope that is named
 * PREFIX-ID.scope (runc's systemd driver, libcontainer/cgroups/systemd/common.go; PREFIX:ID at the end of a component
 * where a path of systemd's form was given to the cgroupfs driver). PREFIX: docker (moby daemon/oci_linux.go),
 * cri-containerd (containerd pkg/cri/server/helpers.go), crio (cri-o internal/config/cgmgr), libpod (podman
 * libpod/container_internal_linux.go; libpod-payload with --cgroups=split), nerdctl. crio-conmon and libpod-conmon hold
 * the monitor, which is not the container. Fargate's ids are 32 hex digits and a number (Amazon ECS, "task metadata
 * endpoint v4"), Garden's 8-4-4-4-4 hex digits; both as dd-trace's container id expressions have them. The innermost
 * one counts: a container in a container.
 *
 * Pods: podUID below kubepods (cgroupfs), kubepods[-QOS]-podUID.slice with _ for - (systemd): kubelet's
 * pkg/kubelet/cm/cgroup_manager_linux.go and pod_container_manager_linux.go. A static pod's UID has no dashes.
 *
 * The unit is what systemd's cg_path_get_unit() and cg_path_get_user_unit() find (src/basic/cgroup-util.c, v252): the
 * first component behind the slices, without the _ of cg_escape(); user@UID.service is followed by its own units. What
 * is within a container is read anew, as its own systemd has it. Where there is only a slice: the innermost.
 */
#ifndef PROFOUND_CGROUP_NAME_H
#define PROFOUND_CGROUP_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define CGROUP_CONTAINER 80 /* with the NUL, as the others */
#define CGROUP_POD 37
#define CGROUP_UNIT 256

struct cgroup_name { /* "": there is none */
	char container[CGROUP_CONTAINER];
	char pod[CGROUP_POD]; /* with dashes, if it has any */
	char unit[CGROUP_UNIT];
	const char *runtime; /* docker, containerd, cri-o, podman, garden, ecs; static */
};

/* `path` as /proc/PID/cgroup shows it, with or without a leading slash. */
void cgroup_name_parse(struct cgroup_name *name, const char *path, size_t len);

/* Is `id` (hexadecimal digits in lower case) the beginning of the container's, or is it the pod's UID? */
bool cgroup_name_is(const struct cgroup_name *name, const char *id);

#endif
