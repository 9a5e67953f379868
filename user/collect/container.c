// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/container.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "collect/cgroup_path.h"
#include "process/cgroup_mount.h"
#include "process/cgroup_name.h"

#define DIRECTORIES_MAX 262144 /* of one hierarchy */
#define SEEN_MAX 3
#define SHORT 12 /* digits that runtimes print */

struct search {
	const char *id;
	char found[CGROUP_CONTAINER]; /* "": nothing yet */
	char other[CGROUP_CONTAINER]; /* a second one that begins so */
	char path[PATH_MAX];          /* of what was found: the topmost */
	char elsewhere[PATH_MAX];     /* a cgroup of the same id that is not below that one */
	bool cut;                     /* there are more cgroups than were looked at */
	char seen[SEEN_MAX][CGROUP_CONTAINER];
	unsigned n_seen;
};

int container_check(const char *id, struct fault *fault)
{
	size_t len = strlen(id), digits = strspn(id, "0123456789abcdef");

	if (digits >= CONTAINER_LEAST && id[digits] == '\0' && len <= 64)
		return 0;
	/* A pod's UID, or an id of Garden or Fargate. */
	if (digits >= 8 && id[digits] == '-' && strspn(id, "0123456789abcdef-") == len && len < CGROUP_CONTAINER)
		return 0;
	if (id[digits] == '\0')
		return fault_set(fault, -EINVAL, "'%s' has %zu digits: give %d or more of the container's id, or a pod's UID",
			id, len, CONTAINER_LEAST);
	return fault_set(fault, -EINVAL,
		"'%s' is no id: hexadecimal digits, %d or more, or a pod's UID; names are known to the runtime alone, as in "
		"docker ps",
		id, CONTAINER_LEAST);
}

static void note_seen(struct search *search, const char *id)
{
	for (unsigned i = 0; i < search->n_seen && i < SEEN_MAX; i++)
		if (!strcmp(search->seen[i], id))
			return;
	if (search->n_seen < SEEN_MAX)
		snprintf(search->seen[search->n_seen], sizeof(search->seen[0]), "%s", id);
	search->n_seen++;
}

static bool is_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	return !strncmp(path, top, len) && path[len] == '/';
}

static void note_found(struct search *search, const char *id, const char *path)
{
	if (!search->found[0]) {
		snprintf(search->found, sizeof(search->found), "%s", id);
		snprintf(search->path, sizeof(search->path), "%s", path);
	} else if (strcmp(search->found, id)) {
		snprintf(search->other, sizeof(search->other), "%s", id);
	} else if (!is_below(path, search->path)) {
		snprintf(search->elsewhere, sizeof(search->elsewhere), "%s", path);
	}
}

/* Directories come before what is in them, so the first one of an id is its topmost. */
static void look(struct search *search, const char *path, size_t point_len)
{
	struct cgroup_name name;

	cgroup_name_parse(&name, path + point_len, strlen(path + point_len));
	if (name.pod[0] && !strcmp(name.pod, search->id)) {
		note_found(search, name.pod, path);
		return;
	}
	if (!name.container[0])
		return;
	note_seen(search, name.container);
	if (cgroup_name_is(&name, search->id))
		note_found(search, name.container, path);
}

static void walk(struct search *search, char *point)
{
	char *const roots[] = {point, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	size_t point_len = strlen(point);
	unsigned directories = 0;
	FTSENT *entry;

	while (tree && directories < DIRECTORIES_MAX && (entry = fts_read(tree))) {
		if (entry->fts_info != FTS_D)
			continue;
		directories++;
		look(search, entry->fts_path, point_len);
	}
	search->cut |= tree && directories == DIRECTORIES_MAX;
	if (tree)
		fts_close(tree);
}

static int walk_mounts(struct search *search, bool v2)
{
	FILE *mountinfo = fopen("/proc/self/mountinfo", "re");
	struct cgroup_mount mount;

	if (!mountinfo)
		return -errno;
	while (!search->found[0] && cgroup_mount_next(mountinfo, &mount))
		if (mount.v2 == v2)
			walk(search, mount.point);
	fclose(mountinfo);
	return 0;
}

static int fail_missing(const struct search *search, struct fault *fault)
{
	char list[SEEN_MAX * (SHORT + 2) + 1] = "";

	for (unsigned i = 0; i < search->n_seen && i < SEEN_MAX; i++) {
		size_t len = strlen(list);

		snprintf(list + len, sizeof(list) - len, "%s%.*s", i ? ", " : "", SHORT, search->seen[i]);
	}
	if (search->cut)
		return fault_set(fault, -ENOENT,
			"--container %s: not among the first %d cgroups, and more are not looked at; use -G PATH",
			search->id, DIRECTORIES_MAX);
	if (!search->n_seen)
		return fault_set(fault, -ENOENT,
			"--container %s: no such container: no cgroup has a container's name; use -G PATH or -p PID",
			search->id);
	return fault_set(fault, -ENOENT,
		"--container %s: no such container or pod; seen: %s%s; see crictl ps, docker ps or podman ps", search->id,
		list, search->n_seen > SEEN_MAX ? ", ..." : "");
}

int container_find(const char *id, struct abi_cgroup *cgroup, struct fault *fault)
{
	struct search search = {.id = id};
	int err = walk_mounts(&search, true);

	if (!err && !search.found[0])
		err = walk_mounts(&search, false);
	if (err)
		return fault_set(fault, err, "/proc/self/mountinfo: %s", strerror(-err));
	if (!search.found[0])
		return fail_missing(&search, fault);
	if (search.other[0])
		return fault_set(fault, -ENOTUNIQ,
			"--container %s: two containers begin so, %s and %s; give more digits", id, search.found,
			search.other);
	if (search.elsewhere[0])
		return fault_set(fault, -ENOTUNIQ,
			"--container %s: two cgroups say they are it, %s and %s; give the right one with -G", id,
			search.path, search.elsewhere);
	return cgroup_path_find(search.path, cgroup, fault);
}
