// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/root_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

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
bool root_dir_is_ours(int root)
{
	struct statx theirs, ours;

	return !statx(root, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &theirs) &&
	       !statx(AT_FDCWD, "/", 0, STATX_INO | STATX_MNT_ID, &ours) &&
	       theirs.stx_ino == ours.stx_ino && theirs.stx_dev_major == ours.stx_dev_major &&
	       theirs.stx_dev_minor == ours.stx_dev_minor && theirs.stx_mnt_id == ours.stx_mnt_id;
}

int root_dir_open_regular(int at)
{
	char self[40];
	struct stat info;
	int fd;

	if (fstat(at, &info) || !S_ISREG(info.st_mode)) {
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

static int open_below(int root, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | flags,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	if (fd >= 0)
		return root_dir_open_regular((int)fd);
	return errno == ENOTDIR || (errno == ELOOP && !flags) ? -ENOENT : -errno;
}

int root_dir_open_file(int root, const char *path)
{
	return open_below(root, path, 0);
}

int root_dir_open_own(int root, const char *path)
{
	return open_below(root, path, O_NOFOLLOW);
}
