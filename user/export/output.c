// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel's MAXSYMLINKS */

static const struct {
	int error;
	const char *advice;
} advices[] = {
	{ENOENT, "create the directory, or name another path with -o"},
	{ENOTDIR, "a part of the path is no directory; name another path with -o"},
	{EISDIR, "add a file name to the directory"},
	{EACCES, "name a path that you may write with -o"},
	{EPERM, "name a path that you may write with -o"},
	{EROFS, "name a path on another file system with -o"},
	{ENOSPC, "make room, or name a path on another file system with -o"},
	{EDQUOT, "make room, or name a path on another file system with -o"},
	{ELOOP, "the symbolic link leads in a circle; name another path with -o"},
	{EBADF, "that descriptor is not open for writing"},
	{EPIPE, "the reader went away"},
};

static int refuse(const struct output *output, int error, struct fault *fault)
{
	const char *advice = "name another path with -o";

	for (unsigned i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (advices[i].error == -error)
			advice = advices[i].advice;
	return fault_set(
		fault, error, "cannot write '%s': %s; %s", output->path, strerror(-error), advice);
}

static void release(struct output *output)
{
	free(output->path);
	free(output->target);
	free(output->temporary);
	*output = (struct output){0};
}

/* A whole decimal number. Whether it is one, and below `limit`. */
static bool parse_number(const char *text, unsigned long limit, unsigned long *number)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoul(text, &end, 10);
	return !errno && !*end && *number < limit;
}

/* The descriptor that the path stands for, or -1. Opened by path, it would lose its offset and its
 * O_APPEND. */
static int named_descriptor(const char *path)
{
	static const char *const prefixes[] = {"/dev/fd/", "/proc/self/fd/"};
	unsigned long number;

	if (!strcmp(path, "-") || !strcmp(path, "/dev/stdout"))
		return STDOUT_FILENO;
	if (!strcmp(path, "/dev/stderr"))
		return STDERR_FILENO;
	for (unsigned i = 0; i < 2; i++) {
		size_t len = strlen(prefixes[i]);

		if (!strncmp(path, prefixes[i], len) && parse_number(path + len, INT_MAX, &number))
			return (int)number;
	}
	return -1;
}

/* Length of the directory part with its slash; 0: the current directory. */
static size_t directory_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Replaces *path, a symbolic link, by what it points to. */
static int follow_link(char **path)
{
	char link[PATH_MAX], *next;
	ssize_t len = readlink(*path, link, sizeof(link) - 1);
	int directory = (int)directory_len(*path);

	if (len < 0)
		return -errno;
	link[len] = 0;
	if (asprintf(&next, "%.*s%s", link[0] == '/' ? 0 : directory, *path, link) < 0)
		return -ENOMEM;
	free(*path);
	*path = next;
	return 0;
}

/* Follows the path's last component to what is, or would be, the file: rename() replaces a link
 * itself. */
static int resolve(const char *path, char **target)
{
	char *at = strdup(path);
	struct stat status;
	int err = at ? 0 : -ENOMEM;

	for (int links = 0; !err && !lstat(at, &status) && S_ISLNK(status.st_mode); links++)
		err = links < LINKS_MAX ? follow_link(&at) : -ELOOP;
	if (err) {
		free(at);
		return err;
	}
	*target = at;
	return 0;
}

/* The directory of output->target, as a string of its own. */
static char *target_directory(const struct output *output)
{
	size_t len = directory_len(output->target);

	return len ? strndup(output->target, len) : strdup(".");
}

/* A file under a hidden name in the target's directory; the name goes to output->temporary. */
static int create_named(struct output *output, int *fd)
{
	int directory = (int)directory_len(output->target);

	for (int tries = 0; tries < 100; tries++) {
		unsigned random = 0;
		char *name;
		int file;

		getrandom(&random, sizeof(random), GRND_NONBLOCK);
		if (asprintf(&name, "%.*s.profound-%08x.tmp", directory, output->target,
			    random + (unsigned)tries) < 0)
			return -ENOMEM;
		file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (file >= 0) {
			output->temporary = name;
			*fd = file;
			return 0;
		}
		free(name);
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static void remove_temporary(struct output *output)
{
	char *temporary = output->temporary;

	if (!temporary)
		return;
	unlink(temporary);
	/* A signal handler may look at it at any time. */
	__atomic_store_n(&output->temporary, NULL, __ATOMIC_SEQ_CST);
	free(temporary);
}

static int create_unnamed(const struct output *output, int *fd)
{
	char *directory = target_directory(output);
	int file;

	if (!directory)
		return -ENOMEM;
	file = open(directory, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0644);
	free(directory);
	if (file < 0)
		return -errno;
	*fd = file;
	return 0;
}

/* No file system lacks O_TMPFILE in one way only: EOPNOTSUPP, EISDIR, EINVAL (open(2)), so any
 * failure goes on. */
static int create_file(struct output *output, int *fd)
{
	return create_unnamed(output, fd) ? create_named(output, fd) : 0;
}

static int check_file(struct output *output)
{
	size_t len = strlen(output->target);
	int err, fd;

	if (!len)
		return -ENOENT;
	if (output->target[len - 1] == '/')
		return -EISDIR;
	if (!access(output->target, F_OK) && access(output->target, W_OK))
		return -errno;
	/* A named file, which every file system can: rename needs the right to make names. */
	err = create_named(output, &fd);
	if (err)
		return err;
	close(fd);
	remove_temporary(output);
	return 0;
}

static int check_descriptor(const struct output *output)
{
	int flags = fcntl(output->descriptor, F_GETFL);

	if (flags < 0)
		return -errno;
	return (flags & O_ACCMODE) == O_RDONLY ? -EBADF : 0;
}

/* Decides what kind of thing the path is. stat() first: it honours fs.protected_symlinks,
 * readlink() does not. */
static int classify(struct output *output)
{
	struct stat status;

	output->descriptor = named_descriptor(output->path);
	if (output->descriptor >= 0) {
		output->kind = OUTPUT_DESCRIPTOR;
		return check_descriptor(output);
	}
	output->kind = OUTPUT_FILE;
	if (stat(output->path, &status)) {
		if (errno != ENOENT)
			return -errno;
	} else if (S_ISDIR(status.st_mode)) {
		return -EISDIR;
	} else if (!S_ISREG(status.st_mode)) {
		output->kind = OUTPUT_EXISTING;
		return access(output->path, W_OK) ? -errno : 0;
	}
	return resolve(output->path, &output->target);
}

int output_prepare(struct output *output, const char *path, struct fault *fault)
{
	struct output made = {.path = strdup(path)};
	int err;

	if (!made.path)
		return fault_set(fault, -ENOMEM, "cannot write '%s': out of memory", path);
	err = classify(&made);
	if (!err && made.kind == OUTPUT_FILE)
		err = check_file(&made);
	if (err) {
		refuse(&made, err, fault);
		release(&made);
	}
	*output = made;
	return err;
}

/* Best effort: a file system without owners must not cost the profile. */
static void give_to_sudo_user(int fd)
{
	unsigned long uid, gid;

	if (geteuid() != 0)
		return;
	if (!parse_number(getenv("SUDO_UID"), UINT_MAX, &uid) ||
		!parse_number(getenv("SUDO_GID"), UINT_MAX, &gid))
		return;
	if (fchown(fd, (uid_t)uid, (gid_t)gid))
		return;
}

static int open_kind(struct output *output, int *fd)
{
	int err;

	if (output->kind == OUTPUT_FILE) {
		err = create_file(output, fd);
		if (!err)
			give_to_sudo_user(*fd);
		return err;
	}
	if (output->kind == OUTPUT_DESCRIPTOR)
		*fd = fcntl(output->descriptor, F_DUPFD_CLOEXEC, 3);
	else
		*fd = open(output->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return *fd < 0 ? -errno : 0;
}

/* stdio keeps only that a write failed, not why. */
static ssize_t stream_write(void *cookie, const char *data, size_t len)
{
	struct output *output = cookie;
	size_t done = 0;

	while (done < len && !output->error) {
		ssize_t n = write(output->fd, data + done, len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN) /* whoever made it may have wanted it so */
			poll(&(struct pollfd){.fd = output->fd, .events = POLLOUT}, 1, -1);
		else if (errno != EINTR)
			output->error = -errno;
	}
	return output->error ? 0 : (ssize_t)done;
}

static int stream_close(void *cookie)
{
	return close(((struct output *)cookie)->fd);
}

int output_open(struct output *output, struct fault *fault)
{
	const cookie_io_functions_t functions = {.write = stream_write, .close = stream_close};
	int err = open_kind(output, &output->fd);

	if (err)
		return refuse(output, err, fault);
	output->error = 0;
	output->stream = fopencookie(output, "w", functions);
	if (output->stream)
		return 0;
	err = -errno;
	close(output->fd);
	remove_temporary(output);
	return refuse(output, err, fault);
}

/* Gives an unnamed file a hidden name: linkat() cannot replace, rename() can. */
static int name_unnamed(struct output *output)
{
	char from[64], *temporary;
	int fd;
	int err = create_named(output, &fd); /* finds a name that is free */

	if (err)
		return err;
	close(fd);
	unlink(output->temporary);
	temporary = output->temporary;
	snprintf(from, sizeof(from), "/proc/self/fd/%d", output->fd);
	if (!linkat(AT_FDCWD, from, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW))
		return 0;
	err = -errno;
	output->temporary = NULL;
	free(temporary);
	return err;
}

static int flush(struct output *output)
{
	if (fflush(output->stream) || ferror(output->stream))
		return output->error ? output->error : -EIO;
	if (output->kind == OUTPUT_FILE && fsync(output->fd))
		return -errno;
	return 0;
}

static int finish(struct output *output)
{
	FILE *stream = output->stream;
	int err = flush(output);

	if (!err && output->kind == OUTPUT_FILE && !output->temporary)
		err = name_unnamed(output);
	output->stream = NULL;
	if (fclose(stream) && !err)
		err = -errno;
	if (err || output->kind != OUTPUT_FILE)
		return err;
	if (rename(output->temporary, output->target))
		return -errno;
	free(output->temporary);
	output->temporary = NULL;
	return 0;
}

int output_commit(struct output *output, struct fault *fault)
{
	int err = finish(output);

	if (err)
		refuse(output, err, fault);
	output_discard(output);
	return err;
}

void output_discard(struct output *output)
{
	if (!output)
		return;
	if (output->stream)
		fclose(output->stream);
	remove_temporary(output);
	release(output);
}

void output_default_name(char name[128], const char *host, time_t now, const char *extension)
{
	char clean[65], stamp[32];
	struct tm local;
	size_t len = 0;

	for (; host[len] && len < sizeof(clean) - 1; len++) {
		bool plain = (host[len] >= 'a' && host[len] <= 'z') ||
			     (host[len] >= 'A' && host[len] <= 'Z') ||
			     (host[len] >= '0' && host[len] <= '9') || host[len] == '.' ||
			     host[len] == '-';

		clean[len] = plain ? host[len] : '_';
	}
	clean[len] = 0;
	localtime_r(&now, &local);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", &local);
	snprintf(name, 128, "profound-%s-%s%s", clean, stamp, extension);
}
