// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/root_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CONFIGFS_MAGIC 0x62656570 /* fs/configfs/mount.c of Linux 6.1, ipc/mqueue.c */
#define MQUEUE_MAGIC 0x19800202

int root_dir_open(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int root_dir_of_pid(uint32_t pid)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%u/root", pid);
	return root_dir_open(path);
}

/* statx(2): STATX_MNT_ID came with 5.8. */
static bool is_same(const struct statx *a, const struct statx *b)
{
	return a->stx_ino == b->stx_ino && a->stx_dev_major == b->stx_dev_major &&
	       a->stx_dev_minor == b->stx_dev_minor && a->stx_mnt_id == b->stx_mnt_id;
}

bool root_dir_is_ours(int root)
{
	struct statx theirs, ours;

	return !statx(root, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &theirs) &&
	       !statx(AT_FDCWD, "/", 0, STATX_INO | STATX_MNT_ID, &ours) && is_same(&theirs, &ours);
}

bool root_dir_is_same(int root, int other)
{
	struct statx a, b;

	return !statx(root, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &a) &&
	       !statx(other, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &b) && is_same(&a, &b);
}

/* What the kernel makes up: to open or to read it may be to do something, and much of it is a regular file. */
static bool is_made_up(const struct statfs *system)
{
	static const uint32_t types[] = {
		PROC_SUPER_MAGIC, SYSFS_MAGIC, TRACEFS_MAGIC, DEBUGFS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
		SECURITYFS_MAGIC, BPF_FS_MAGIC, PSTOREFS_MAGIC, EFIVARFS_MAGIC, SELINUX_MAGIC, SMACK_MAGIC,
		BINFMTFS_MAGIC, NSFS_MAGIC, CONFIGFS_MAGIC, MQUEUE_MAGIC,
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if ((uint32_t)system->f_type == types[i])
			return true;
	return false;
}

static bool is_data(int at, bool fuse_too)
{
	struct statfs system;
	struct stat info;

	return !fstat(at, &info) && S_ISREG(info.st_mode) && !fstatfs(at, &system) && !is_made_up(&system) &&
	       (fuse_too || system.f_type != FUSE_SUPER_MAGIC);
}

static int open_data(int at, bool fuse_too)
{
	char self[40];
	int fd;

	if (!is_data(at, fuse_too)) {
		close(at);
		return -EINVAL;
	}
	snprintf(self, sizeof(self), "/proc/self/fd/%d", at);
	fd = open(self, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		fd = -errno;
	close(at);
	return fd;
}

int root_dir_open_regular(int at)
{
	return open_data(at, true);
}

static int open_below(int root, const char *path, uint64_t flags, bool fuse_too)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | flags,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	if (fd >= 0)
		return open_data((int)fd, fuse_too);
	return errno == ENOTDIR || (errno == ELOOP && !flags) ? -ENOENT : -errno;
}

int root_dir_open_file(int root, const char *path)
{
	return open_below(root, path, 0, true);
}

int root_dir_open_extra(int root, const char *path)
{
	return open_below(root, path, 0, false);
}

int root_dir_open_own(int root, const char *path)
{
	return open_below(root, path, O_NOFOLLOW, true);
}
