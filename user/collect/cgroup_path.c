// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/cgroup_path.h"

#include <bpf/btf.h>
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "process/cgroup_mount.h"

static bool mount_of(dev_t dev, struct cgroup_mount *mount)
{
	FILE *mountinfo = fopen("/proc/self/mountinfo", "re");
	bool found = false;

	if (!mountinfo)
		return false;
	while (!found && cgroup_mount_next(mountinfo, mount))
		found = mount->dev == dev;
	fclose(mountinfo);
	return found;
}

/* A kernel enum constant from its BTF; the numbers depend on the kernel's configuration. */
static int subsystem_id(const char *controller, __u32 *number)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const struct btf_type *type;
	char wanted[64];
	int id, err = -ENOENT;

	if (!btf)
		return -errno;
	/* io kept blkio as the name that v1 shows. */
	snprintf(wanted, sizeof(wanted), "%s_cgrp_id",
		strcmp(controller, "blkio") ? controller : "io");
	id = btf__find_by_name_kind(btf, "cgroup_subsys_id", BTF_KIND_ENUM);
	type = id < 0 ? NULL : btf__type_by_id(btf, id);
	for (int i = 0; type && i < btf_vlen(type); i++) {
		const struct btf_enum *item = btf_enum(type) + i;

		if (strcmp(btf__name_by_offset(btf, item->name_off), wanted))
			continue;
		*number = item->val;
		err = 0;
	}
	btf__free(btf);
	return err;
}

/* "9:name=systemd:/" in /proc/self/cgroup: the number before the name. */
static int hierarchy_id(const char *name, __u32 *number)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[2 * PATH_MAX];
	int err = -ENOENT;

	if (!file)
		return -errno;
	while (err && fgets(line, sizeof(line), file)) {
		char *list = strchr(line, ':'), *end = list ? strchr(list + 1, ':') : NULL;

		if (!end)
			continue;
		*end = 0;
		if (strcmp(list + 1, name))
			continue;
		*number = strtoul(line, NULL, 10);
		err = 0;
	}
	fclose(file);
	return err;
}

/* Controllers that are mounted together share one hierarchy: the first that the kernel knows will
 * do. */
static int identify_v1(char *options, struct abi_cgroup *cgroup)
{
	char *rest = options, *option;

	while ((option = strsep(&rest, ","))) {
		bool named = !strncmp(option, "name=", 5);
		int err = named ? hierarchy_id(option, &cgroup->number)
				: subsystem_id(option, &cgroup->number);

		if (err && err != -ENOENT)
			return err;
		if (err)
			continue;
		cgroup->kind = named ? CGROUP_NAMED : CGROUP_V1;
		return 0;
	}
	return -ENOENT;
}

static int identify(const char *path, struct abi_cgroup *cgroup, struct fault *fault)
{
	struct abi_cgroup found = {0};
	struct cgroup_mount mount;
	struct statfs fs;
	struct stat st;
	int err;

	if (stat(path, &st) || statfs(path, &fs))
		return fault_set(fault, -errno, "-G %s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode) ||
		(fs.f_type != CGROUP2_SUPER_MAGIC && fs.f_type != CGROUP_SUPER_MAGIC))
		return fault_set(fault, -ENOENT,
			"-G %s: not a cgroup's directory; give one below a cgroup mount", path);
	found.id = st.st_ino;
	found.kind = CGROUP_V2;
	if (fs.f_type == CGROUP_SUPER_MAGIC) {
		err = mount_of(st.st_dev, &mount) ? identify_v1(mount.options, &found) : -ENOENT;
		if (err)
			return fault_set(fault, -ENOTSUP,
				"-G %s: cannot tell which v1 hierarchy this is (%s)", path,
				strerror(-err));
	}
	*cgroup = found;
	return 0;
}

/* Where NAME is below the mounts: the v2 one first, else the only v1 one. */
static int look_up(const char *name, char *path, struct fault *fault)
{
	FILE *mountinfo = fopen("/proc/self/mountinfo", "re");
	char candidate[2 * PATH_MAX];
	struct cgroup_mount mount;
	struct stat st, first;
	unsigned found = 0;
	bool v2 = false;

	if (!mountinfo)
		return fault_set(fault, -errno, "/proc/self/mountinfo: %s", strerror(errno));
	while (!v2 && cgroup_mount_next(mountinfo, &mount)) {
		snprintf(candidate, sizeof(candidate), "%s/%s", mount.point, name);
		if (strlen(candidate) >= PATH_MAX || stat(candidate, &st) || !S_ISDIR(st.st_mode))
			continue;
		/* The same hierarchy can be mounted more than once. */
		if (found && st.st_dev == first.st_dev && st.st_ino == first.st_ino)
			continue;
		v2 = mount.v2;
		first = found++ ? first : st;
		strcpy(path, candidate);
	}
	fclose(mountinfo);
	if (!found)
		return fault_set(fault, -ENOENT,
			"-G %s: no such cgroup; give a directory below a cgroup mount, "
			"see /proc/PID/cgroup",
			name);
	if (found > 1 && !v2)
		return fault_set(fault, -ENOTUNIQ,
			"-G %s: %u v1 hierarchies have it; give the whole path, such as %s", name,
			found, path);
	return 0;
}

static bool below_cgroup_mount(const char *path)
{
	struct statfs fs;

	return path[0] == '/' && !statfs(path, &fs) &&
	       (fs.f_type == CGROUP2_SUPER_MAGIC || fs.f_type == CGROUP_SUPER_MAGIC);
}

int cgroup_path_find(const char *path, struct abi_cgroup *cgroup, struct fault *fault)
{
	char full[PATH_MAX];
	int err;

	if (below_cgroup_mount(path))
		return identify(path, cgroup, fault);
	err = look_up(path, full, fault);
	return err ? err : identify(full, cgroup, fault);
}
