// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/intern.h"
#include "process/cgroup_mount.h"

#define FILEID_KERNFS 0xfe /* include/linux/exportfs.h */
#define ROOT_ID 1          /* of each kernfs: kernfs_create_root() */

struct cgroups {
	int mount_fd; /* of the v2 mount; -1: none */
	char point[PATH_MAX];
	char root[PATH_MAX]; /* what is mounted there; "" for the whole hierarchy */
	bool need_proc;
	struct intern ids;   /* of uint64_t */
	struct intern paths; /* "": not known */
	uint32_t *path_of;   /* by index in ids */
	uint32_t cap;
};

/* The first v2 mount; says whether there are others that are v1. */
static bool find_mount(struct cgroups *cgroups)
{
	FILE *mountinfo = fopen("/proc/self/mountinfo", "re");
	struct cgroup_mount mount;
	bool v1 = false;

	while (mountinfo && cgroup_mount_next(mountinfo, &mount)) {
		v1 |= !mount.v2;
		if (!mount.v2 || cgroups->mount_fd >= 0)
			continue;
		cgroups->mount_fd = open(mount.point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		memcpy(cgroups->point, mount.point, sizeof(mount.point));
		if (strcmp(mount.root, "/"))
			memcpy(cgroups->root, mount.root, sizeof(mount.root));
	}
	if (mountinfo)
		fclose(mountinfo);
	return v1;
}

static int open_id(const struct cgroups *cgroups, uint64_t id)
{
	struct {
		struct file_handle handle;
		uint64_t id;
	} file = { .handle = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };

	memcpy(file.handle.f_handle, &id, sizeof(id));
	return open_by_handle_at(cgroups->mount_fd, &file.handle, O_PATH | O_CLOEXEC);
}

/* What the mount shows it as, behind the mount's own path. False: it is not below the mount, or we may not look. */
static bool find_path(const struct cgroups *cgroups, uint64_t id, char *path, size_t size)
{
	size_t len = strlen(cgroups->point);
	char link[64];
	ssize_t n;
	int fd = cgroups->mount_fd < 0 ? -1 : open_id(cgroups, id);

	if (fd < 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, size - 1);
	close(fd);
	if (n < (ssize_t)len || (size_t)n >= size - 1)
		return false;
	path[n] = '\0';
	if (memcmp(path, cgroups->point, len) || (path[len] && path[len] != '/'))
		return false;
	memmove(path, path + len, (size_t)n - len + 1);
	return true;
}

struct cgroups *cgroups_new(void)
{
	struct cgroups *cgroups = calloc(1, sizeof(*cgroups));
	char path[PATH_MAX];
	bool v1;

	if (!cgroups)
		return NULL;
	cgroups->mount_fd = -1;
	v1 = find_mount(cgroups);
	cgroups->need_proc = v1 || !find_path(cgroups, ROOT_ID, path, sizeof(path));
	return cgroups;
}

static void forget(struct cgroups *cgroups)
{
	intern_release(&cgroups->ids);
	intern_release(&cgroups->paths);
	cgroups->ids = cgroups->paths = (struct intern){0};
}

void cgroups_free(struct cgroups *cgroups)
{
	if (!cgroups)
		return;
	forget(cgroups);
	free(cgroups->path_of);
	if (cgroups->mount_fd >= 0)
		close(cgroups->mount_fd);
	free(cgroups);
}

/* The path from the hierarchy's root, "" when it is not known. */
static void look_up(const struct cgroups *cgroups, uint64_t id, char *full, size_t size)
{
	char path[PATH_MAX];

	full[0] = '\0';
	if (!find_path(cgroups, id, path, sizeof(path)))
		return;
	if ((size_t)snprintf(full, size, "%s%s", cgroups->root, path) >= size)
		full[0] = '\0';
	else if (!full[0])
		strcpy(full, "/");
}

static int reserve(struct cgroups *cgroups, uint32_t index)
{
	uint32_t cap = cgroups->cap ? cgroups->cap * 2 : 64;
	uint32_t *path_of;

	if (index < cgroups->cap)
		return 0;
	path_of = realloc(cgroups->path_of, cap * sizeof(*path_of));
	if (!path_of)
		return -ENOMEM;
	cgroups->path_of = path_of;
	cgroups->cap = cap;
	return 0;
}

/* A new id, looked up. */
static int learn(struct cgroups *cgroups, uint64_t id, uint32_t index)
{
	char full[2 * PATH_MAX];
	int err = reserve(cgroups, index);

	if (err)
		return err;
	look_up(cgroups, id, full, sizeof(full));
	return intern_text(&cgroups->paths, full, &cgroups->path_of[index]);
}

const char *cgroups_path(struct cgroups *cgroups, uint64_t id)
{
	uint32_t known = cgroups->ids.count, index;
	const char *path;

	if (!id || cgroups->mount_fd < 0)
		return NULL;
	if (known == CGROUPS_KEPT) {
		forget(cgroups);
		known = 0;
	}
	if (intern_add(&cgroups->ids, &id, sizeof(id), &index))
		return NULL;
	if (index == known && learn(cgroups, id, index)) {
		forget(cgroups);
		return NULL;
	}
	path = intern_get(&cgroups->paths, cgroups->path_of[index], NULL);
	return path[0] ? path : NULL;
}

bool cgroups_need_proc(const struct cgroups *cgroups)
{
	return cgroups->need_proc;
}
