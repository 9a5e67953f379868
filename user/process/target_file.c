// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/target_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/maps.h"
#include "process/root_dir.h"

#define STALE_SLACK_NS 1000000000ll /* file systems keep times by the tick */
#define TRIES_MAX 64              /* processes that an object is opened for until one is there */
#define DESCRIPTORS_KEPT 64       /* for what else must be opened: /proc, outputs, perf-maps */
#define DESCRIPTORS_FOR_FILES 256 /* with fewer left, no roots are kept */

static int mount_of(int fd)
{
	char path[40], line[128];
	int mount = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return -1;
	while (mount < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "mnt_id: %d", &mount) != 1)
			mount = -1;
	fclose(file);
	return mount;
}

/* The device of a mount as maps shows it (the superblock's, where st_dev may be a subvolume's). */
static bool device_of(const char *mountinfo, int mount, uint32_t *major, uint32_t *minor)
{
	FILE *file = fopen(mountinfo, "re");
	bool found = false, line_start = true;
	char line[4096];

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		uint32_t a, b;
		int id;

		if (line_start && sscanf(line, "%d %*d %" SCNu32 ":%" SCNu32, &id, &a, &b) == 3 &&
			id == mount) {
			*major = a;
			*minor = b;
			found = true;
		}
		line_start = strchr(line, '\n');
	}
	fclose(file);
	return found;
}

static bool is_the_file(int fd, uint32_t pid, const struct object_identity *identity)
{
	uint32_t mount_major, mount_minor;
	struct stat info;
	char path[40];
	int mount;

	if (fstat(fd, &info) || info.st_ino != identity->inode)
		return false;
	/* Most filesystems report the superblock's device, which maps show; btrfs and overlay may not. */
	if (major(info.st_dev) == identity->major && minor(info.st_dev) == identity->minor)
		return true;
	mount = mount_of(fd);
	if (mount < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%u/mountinfo", pid);
	if (!device_of(path, mount, &mount_major, &mount_minor) &&
		!device_of("/proc/self/mountinfo", mount, &mount_major, &mount_minor))
		return false;
	return mount_major == identity->major && mount_minor == identity->minor;
}

/* The first executable range that the process maps from this file now. */
static bool find_range(uint32_t pid, const struct object_identity *identity, uint64_t *start,
	uint64_t *end)
{
	struct maps_line line;
	char *text = NULL;
	char path[32];
	size_t cap = 0;
	ssize_t len;
	FILE *file;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && (len = getline(&text, &cap, file)) > 0) {
		if (text[len - 1] == '\n')
			len--;
		found = !maps_parse(text, (size_t)len, &line) && line.executable &&
			line.inode == identity->inode && line.major == identity->major &&
			line.minor == identity->minor;
	}
	free(text);
	fclose(file);
	if (!found)
		return false;
	*start = line.start;
	*end = line.end;
	return true;
}

/*
 * map_files gives the very file. Where its mount is in no mountinfo (memfd, the layers below an overlay) device and
 * inode cannot be compared: then maps must show the file in that range before and after it was opened.
 */
static int open_mapped(const struct process *process, const struct object_identity *identity)
{
	uint64_t start, end, start_now, end_now;
	char path[80];
	int at, fd;

	if (process->hung || !find_range(process->pid, identity, &start, &end))
		return -ENOENT;
	snprintf(path, sizeof(path), "/proc/%u/map_files/%" PRIx64 "-%" PRIx64, process->pid, start,
		end);
	at = open(path, O_PATH | O_CLOEXEC);
	if (at < 0)
		return -errno;
	fd = root_dir_open_regular(at);
	if (fd < 0 || is_the_file(fd, process->pid, identity))
		return fd;
	if (find_range(process->pid, identity, &start_now, &end_now) && start_now == start &&
		end_now == end)
		return fd;
	close(fd);
	return -ESTALE;
}

/* `root` is closed; a negative one is an error that is passed on. */
static int open_verified(int root, const struct process *process, const struct object *object)
{
	int fd;

	if (root < 0)
		return root;
	fd = root_dir_open_file(root, object->path);
	close(root);
	if (fd < 0 || is_the_file(fd, process->pid, &object->identity))
		return fd;
	close(fd);
	return -ESTALE;
}

/* Of two failures the one that says more. */
static int worse(int a, int b)
{
	static const int order[] = { -EMFILE, -ENFILE, -ESTALE, -EINVAL, -EACCES };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return -ENOENT;
}

int target_file_open(const struct process *process, const struct place *place)
{
	const struct object *object = place->object;
	int fd, err;

	if (place->kind != PLACE_FILE || object->kind != OBJECT_FILE)
		return -EINVAL;
	err = fd = open_mapped(process, &object->identity);
	if (fd >= 0 || fd == -EINVAL)
		return fd;
	fd = open_verified(root_dir_of_pid(process->pid), process, object);
	if (fd >= 0)
		return fd;
	err = worse(err, fd);
	fd = process->root_fd < 0 ? -ENOENT :
		open_verified(fcntl(process->root_fd, F_DUPFD_CLOEXEC, 0), process, object);
	if (fd >= 0)
		return fd;
	err = worse(err, fd);
	fd = open_verified(root_dir_open("/"), process, object);
	return fd >= 0 ? fd : worse(err, fd);
}

/* Numbers are given out from the lowest: one that is near the limit says how many are left. */
static bool descriptors_left(int fd, rlim_t least)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) || (rlim_t)fd + least < limit.rlim_cur;
}

static int root_of(const struct process *process)
{
	int root = root_dir_of_pid(process->pid);

	if (root >= 0 || process->root_fd < 0)
		return root;
	return fcntl(process->root_fd, F_DUPFD_CLOEXEC, 0);
}

/* Of a process that is gone: we find its file as it did. */
static bool is_below_ours(const struct process *process, const struct object *object)
{
	int fd = open_verified(root_dir_open("/"), process, object);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The root in which more is found of a file (debug_file.h) when its process is gone. Another than ours is not kept if it
 * costs a descriptor that files need more. */
static void learn_root(struct object *object, const struct process *process)
{
	int root = root_of(process);

	object->root_is_ours = root < 0 ? is_below_ours(process, object) : root_dir_is_ours(root);
	if (root >= 0 && !object->root_is_ours && descriptors_left(root, DESCRIPTORS_FOR_FILES))
		object_set_root(object, root);
	else if (root >= 0)
		close(root);
}

/*
 * Debug files below a root are its owner's word for what the code is called: good for that root, not for others that
 * have the same file. Of a process that is gone nobody can say. It costs a comparison when the process is another than
 * the last, and only while a root is kept.
 */
static void compare_root(struct object *object, const struct process *process)
{
	int root;

	if (object->root_fd < 0 || object->tried_for == process->id + 1)
		return;
	object->tried_for = process->id + 1;
	root = root_of(process);
	if (root < 0 || !root_dir_is_same(root, object->root_fd))
		object_set_root(object, -1);
	if (root >= 0)
		close(root);
}

void target_file_attach(const struct process *process, const struct place *place)
{
	struct object *object = place->object;
	int fd, err;

	if (object->tried)
		compare_root(object, process);
	if (object->tried || object->kind != OBJECT_FILE || object->tried_for == process->id + 1)
		return;
	fd = target_file_open(process, place);
	err = fd < 0 ? fd : object_learn_build(object, fd);
	if (!err && !descriptors_left(fd, DESCRIPTORS_KEPT))
		err = -EMFILE;
	if (err && fd >= 0)
		close(fd);
	object_set_fd(object, err ? err : fd);
	object->tried_for = process->id + 1;
	object->tried = !err || err == -EMFILE || err == -ENFILE || ++object->tries == TRIES_MAX;
	if (!err)
		learn_root(object, process);
}

static int perf_map_root(const struct process *process)
{
	int fd;

	if (process->root_fd >= 0)
		return fcntl(process->root_fd, F_DUPFD_CLOEXEC, 0);
	fd = process->gone ? -ENOENT : root_dir_of_pid(process->pid); /* its number may be another's by now */
	if (fd >= 0)
		return fd;
	/* Gone: in our own root its file has the name that we know it by, if it had no other. */
	return process->inner_pid == process->pid ? root_dir_open("/") : -ENOENT;
}

/* What a JIT wrote is believed if it may write for the process. Closes a descriptor that it refuses. */
static int believed(int fd, const struct process *process)
{
	struct stat info;

	if (fd < 0 || (!fstat(fd, &info) && (info.st_uid == 0 || info.st_uid == process->uid)))
		return fd;
	close(fd);
	return -EACCES;
}

/* Last changed before the process began: of another that had its number. The wall clock may have been set since. */
static bool is_stale(int fd, const struct process *process)
{
	int64_t age_ns = (int64_t)(clock_ns(CLOCK_BOOTTIME) - process->start_ns);
	int64_t began_ns = (int64_t)clock_ns(CLOCK_REALTIME) - age_ns;
	struct stat info;

	if (!process->start_ns || fstat(fd, &info))
		return false;
	return (int64_t)info.st_ctim.tv_sec < (began_ns - STALE_SLACK_NS) / (int64_t)NS_PER_SECOND;
}

/* Last changed after the process ended: by another that has its number inside. */
static bool is_of_another(int fd, const struct process *process)
{
	int64_t since_ns = (int64_t)(clock_ns(CLOCK_MONOTONIC) - process->end_ns);
	int64_t ended_ns = (int64_t)clock_ns(CLOCK_REALTIME) - since_ns;
	struct stat info;

	if (!process->gone || !process->end_ns || fstat(fd, &info))
		return false;
	return (int64_t)info.st_mtim.tv_sec > (ended_ns + STALE_SLACK_NS) / (int64_t)NS_PER_SECOND;
}

static uint32_t pid_inside(const struct process *process)
{
	return process->inner_pid ? process->inner_pid : process->pid;
}

static int open_perf_map(const struct process *process)
{
	int root = perf_map_root(process);
	char path[40];
	int fd;

	if (root < 0)
		return root;
	snprintf(path, sizeof(path), "/tmp/perf-%u.map", pid_inside(process));
	fd = root_dir_open_own(root, path);
	close(root);
	fd = believed(fd, process);
	if (fd < 0 || (!is_stale(fd, process) && !is_of_another(fd, process)))
		return fd;
	close(fd);
	return -ESTALE;
}

static int copy_of(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy < 0 ? -errno : copy;
}

int target_file_open_perf_map(const struct process *process)
{
	int fd = open_perf_map(process);

	if (fd >= 0 || process->perf_map_fd < 0)
		return fd;
	return is_of_another(process->perf_map_fd, process) ? -ESTALE : copy_of(process->perf_map_fd);
}

uint32_t target_jitdump_pid(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	unsigned long pid;
	char *end;

	if (strncmp(name, "jit-", 4) || name[4] < '1' || name[4] > '9')
		return 0;
	pid = strtoul(name + 4, &end, 10);
	return strcmp(end, ".dump") || pid > INT32_MAX ? 0 : (uint32_t)pid;
}

static int open_jitdump(const struct process *process)
{
	struct object *object = (struct object *)(uintptr_t)process->jitdump; /* it is only looked at */
	const struct place place = {.kind = PLACE_FILE, .object = object};

	if (!object || target_jitdump_pid(object->path) != pid_inside(process))
		return -ENOENT;
	return believed(target_file_open(process, &place), process);
}

int target_file_open_jitdump(const struct process *process)
{
	return process->jitdump_fd >= 0 ? copy_of(process->jitdump_fd) : open_jitdump(process);
}

/* Times in a jitdump are those of its writer's CLOCK_MONOTONIC (time_namespaces(7)). */
static bool has_other_clock(const struct process *process)
{
	struct stat theirs, ours;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%u/ns/time", process->pid);
	return !stat(path, &theirs) && !stat("/proc/self/ns/time", &ours) &&
	       theirs.st_ino != ours.st_ino;
}

/* Files need them more: a map can still be opened by its path. */
static int kept(int fd)
{
	if (fd < 0 || descriptors_left(fd, DESCRIPTORS_FOR_FILES))
		return fd;
	close(fd);
	return -EMFILE;
}

void target_file_keep_jit(struct process *process)
{
	if (process->jitdump_fd < 0) {
		process->jitdump_fd = kept(open_jitdump(process));
		process->other_clock = process->jitdump_fd >= 0 && has_other_clock(process);
	}
	if (process->root_fd >= 0 && process->perf_map_fd < 0)
		process->perf_map_fd = kept(open_perf_map(process));
}
