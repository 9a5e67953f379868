// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "base/folder.h"

#define UNFINISHED ".new-"
#define SUFFIX ".otlp.zst"
#define NAME_FORMAT "%016" PRIx64 "-%04x" SUFFIX
#define LEVEL 3
#define LOCK_TRIES 100
#define LOCK_STEP_NS 100000000
#define REQUEST_MAX (64u << 20) /* unpacked; requests are made below 4 MiB (otlp_requests.h) */

static bool is_unfinished(const char *name)
{
	return !strncmp(name, UNFINISHED, sizeof(UNFINISHED) - 1);
}

/* Is it a name that spool_put() gives? */
static bool name_parse(const char *name, uint64_t *unix_ns)
{
	unsigned part;
	int end = 0;
	char canonical[SPOOL_NAME];

	if (sscanf(name, "%16" SCNx64 "-%4x%n", unix_ns, &part, &end) != 2 || !end)
		return false;
	snprintf(canonical, sizeof(canonical), NAME_FORMAT, *unix_ns, part);
	return !strcmp(canonical, name);
}

/* Calls `each` with every name. 0 or a negative errno. */
static int walk(const struct spool *spool, void (*each)(void *context, const char *name), void *context)
{
	int fd = openat(spool->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		return err;
	}
	while ((entry = readdir(dir)))
		each(context, entry->d_name);
	closedir(dir);
	return 0;
}

static void take_in(void *context, const char *name)
{
	struct spool *spool = context;
	uint64_t time_ns;

	if (is_unfinished(name))
		unlinkat(spool->dir_fd, name, 0);
	else if (name_parse(name, &time_ns) && time_ns > spool->last_ns && time_ns < UINT64_MAX / 2)
		spool->last_ns = time_ns;
}

static int lock(struct spool *spool, bool waits)
{
	spool->lock_fd = openat(spool->dir_fd, SPOOL_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (spool->lock_fd < 0)
		return -errno;
	for (unsigned i = 0; flock(spool->lock_fd, LOCK_EX | LOCK_NB); i++) {
		if (errno != EWOULDBLOCK)
			return -errno;
		if (!waits || i == LOCK_TRIES)
			return -EBUSY;
		nanosleep(&(struct timespec){.tv_nsec = LOCK_STEP_NS}, NULL);
	}
	return 0;
}

static int refused(int err, const char *path, struct fault *fault)
{
	if (err == -EBUSY)
		return fault_set(fault, err, "the directory %s is in use by another profound agent: give each its own", path);
	return fault_set(fault, err, "cannot use the directory %s: %s", path, strerror(-err));
}

int spool_open(struct spool *spool, const char *path, uint64_t most_bytes, bool waits, struct fault *fault)
{
	struct spool opened = SPOOL_NONE;
	int err = folder_make(path);

	if (err)
		return refused(err, path, fault);
	opened.most_bytes = most_bytes;
	opened.dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (opened.dir_fd < 0)
		return refused(-errno, path, fault);
	err = lock(&opened, waits);
	if (!err)
		err = walk(&opened, take_in, &opened);
	if (err) {
		spool_release(&opened);
		return refused(err, path, fault);
	}
	*spool = opened;
	return 0;
}

void spool_release(struct spool *spool)
{
	if (spool->lock_fd >= 0)
		close(spool->lock_fd);
	if (spool->dir_fd >= 0)
		close(spool->dir_fd);
	*spool = SPOOL_NONE;
}

static int write_all(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Written, on the disk, and under its name. */
static int put_packed(const struct spool *spool, const char *name, const void *data, size_t size)
{
	char unfinished[2 * SPOOL_NAME];
	int fd, err;

	snprintf(unfinished, sizeof(unfinished), UNFINISHED "%s", name);
	fd = openat(spool->dir_fd, unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	err = write_all(fd, data, size);
	if (!err && fsync(fd))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (!err && renameat(spool->dir_fd, unfinished, spool->dir_fd, name))
		err = -errno;
	if (!err && fsync(spool->dir_fd))
		err = -errno;
	if (err)
		unlinkat(spool->dir_fd, unfinished, 0);
	return err;
}

uint64_t spool_next(struct spool *spool, uint64_t unix_ns)
{
	spool->last_ns = unix_ns > spool->last_ns ? unix_ns : spool->last_ns + 1;
	return spool->last_ns;
}

int spool_put(const struct spool *spool, uint64_t time_ns, unsigned part, const void *data, size_t size)
{
	size_t room = ZSTD_compressBound(size), packed;
	void *bytes = malloc(room);
	char name[SPOOL_NAME];
	int err;

	if (!bytes)
		return -ENOMEM;
	snprintf(name, sizeof(name), NAME_FORMAT, time_ns, part & 0xffff);
	packed = ZSTD_compress(bytes, room, data, size, LEVEL);
	err = ZSTD_isError(packed) ? -ENOMEM : put_packed(spool, name, bytes, packed);
	free(bytes);
	return err;
}

void spool_take_back(const struct spool *spool, uint64_t time_ns, unsigned parts)
{
	char name[SPOOL_NAME];

	for (unsigned part = 0; part < parts; part++) {
		snprintf(name, sizeof(name), NAME_FORMAT, time_ns, part & 0xffff);
		unlinkat(spool->dir_fd, name, 0);
	}
}

struct forgetting {
	const struct spool *spool;
	uint64_t time_ns;
};

static void forget(void *context, const char *name)
{
	const struct forgetting *forgetting = context;
	uint64_t time_ns;

	if (name_parse(name, &time_ns) && time_ns == forgetting->time_ns)
		unlinkat(forgetting->spool->dir_fd, name, 0);
}

void spool_forget(const struct spool *spool, uint64_t time_ns)
{
	struct forgetting forgetting = {spool, time_ns};

	walk(spool, forget, &forgetting);
}

struct looking {
	const struct spool *spool;
	struct spool_depth *depth;
};

static void look_at(void *context, const char *name)
{
	struct looking *looking = context;
	struct spool_depth *depth = looking->depth;
	struct stat info;
	uint64_t unix_ns;

	if (!name_parse(name, &unix_ns) || fstatat(looking->spool->dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) ||
		!S_ISREG(info.st_mode))
		return;
	depth->files++;
	depth->bytes += (uint64_t)info.st_size;
	if (!*depth->oldest || strcmp(name, depth->oldest) < 0) {
		snprintf(depth->oldest, sizeof(depth->oldest), "%.*s", SPOOL_NAME - 1, name);
		depth->oldest_unix_ns = unix_ns;
	}
}

int spool_look(const struct spool *spool, struct spool_depth *depth)
{
	struct spool_depth found = {0};
	struct looking looking = {spool, &found};
	int err = walk(spool, look_at, &looking);

	if (!err)
		*depth = found;
	return err;
}

static void list_name(void *context, const char *name)
{
	struct buf *names = context;
	char padded[SPOOL_NAME] = "";
	uint64_t unix_ns;

	if (!name_parse(name, &unix_ns))
		return;
	memcpy(padded, name, strnlen(name, sizeof(padded) - 1));
	buf_append(names, padded, sizeof(padded));
}

static int by_name(const void *left, const void *right)
{
	return strncmp(left, right, SPOOL_NAME);
}

int spool_list(const struct spool *spool, struct buf *names)
{
	size_t before = names->len;
	int err = walk(spool, list_name, names);

	if (!err && names->failed)
		err = -ENOMEM;
	if (names->len > before)
		qsort(names->data + before, (names->len - before) / SPOOL_NAME, SPOOL_NAME, by_name);
	return err;
}

static int unpack(const char *packed, size_t size, struct buf *out)
{
	unsigned long long whole = ZSTD_getFrameContentSize(packed, size);
	size_t got;
	int err;

	if (whole == ZSTD_CONTENTSIZE_UNKNOWN || whole == ZSTD_CONTENTSIZE_ERROR || whole > REQUEST_MAX)
		return -EBADMSG;
	err = buf_reserve(out, whole);
	if (err)
		return err;
	got = ZSTD_decompress(out->data + out->len, whole, packed, size);
	if (ZSTD_isError(got) || got != whole)
		return -EBADMSG;
	out->len += got;
	return 0;
}

int spool_read(const struct spool *spool, const char *name, struct buf *out)
{
	int fd = openat(spool->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), err = 0;
	char *packed = NULL;
	struct stat info;

	if (fd < 0)
		return errno == ELOOP || errno == ENXIO ? -EBADMSG : -errno;
	if (fstat(fd, &info) || !S_ISREG(info.st_mode) || info.st_size > REQUEST_MAX)
		err = -EBADMSG;
	if (!err)
		packed = malloc((size_t)info.st_size + 1);
	if (!err && !packed)
		err = -ENOMEM;
	if (!err && pread(fd, packed, (size_t)info.st_size, 0) != info.st_size)
		err = -EBADMSG;
	if (!err)
		err = unpack(packed, (size_t)info.st_size, out);
	free(packed);
	close(fd);
	return err;
}

int spool_remove(const struct spool *spool, const char *name)
{
	return unlinkat(spool->dir_fd, name, 0) ? -errno : 0;
}

uint64_t spool_trim(const struct spool *spool)
{
	struct spool_depth depth;
	uint64_t gone = 0;

	while (!spool_look(spool, &depth) && depth.files && depth.bytes > spool->most_bytes &&
		!spool_remove(spool, depth.oldest))
		gone++;
	return gone;
}
