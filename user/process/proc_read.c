// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/proc_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/cgroup_file.h"
#include "process/environment.h"
#include "process/maps.h"
#include "process/process_context.h"

#define READ_CHUNK 65536
#define EXEC_RETRIES 3
#define THREADS_TRIED 64

#define KERNEL_THREAD 0x00200000 /* PF_KTHREAD, include/linux/sched.h */

struct stat_line { /* proc_pid_stat(5) */
	uint64_t flags;       /* field 9 */
	uint64_t start_ticks; /* field 22 */
	uint64_t stack;       /* field 28: another one after an exec */
};

static int read_small(int dir, const char *name, char *text, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	len = read(fd, text, size - 1);
	close(fd);
	if (len <= 0)
		return -ESRCH;
	text[len] = '\0';
	return 0;
}

static int read_stat(int dir, struct stat_line *out)
{
	char text[2048], *at;
	int err = read_small(dir, "stat", text, sizeof(text));

	if (err)
		return err;
	at = strrchr(text, ')'); /* the comm may hold anything */
	if (!at)
		return -ESRCH;
	for (int field = 2; field < 28; field++) {
		at = strchr(at + 1, ' ');
		if (!at)
			return -ESRCH;
		if (field + 1 == 9)
			out->flags = strtoull(at + 1, NULL, 10);
		if (field + 1 == 22)
			out->start_ticks = strtoull(at + 1, NULL, 10);
	}
	out->stack = strtoull(at + 1, NULL, 10);
	return 0;
}

static const char *status_line(const char *text, const char *key)
{
	const char *line = strstr(text, key);

	return line ? line + strlen(key) : NULL;
}

static void read_status(int dir, struct proc_read *out)
{
	char text[8192];
	const char *line;

	if (read_small(dir, "status", text, sizeof(text)))
		return;
	line = status_line(text, "\nUid:");
	if (line)
		sscanf(line, "%*u %u", &out->uid);
	line = status_line(text, "\nNSpid:");
	while (line && (*line == '\t' || *line == ' '))
		out->inner_pid = (uint32_t)strtoul(line, (char **)&line, 10);
}

int proc_object(struct objects *objects, const struct object_identity *identity, char *path,
	struct object **out, bool *skip)
{
	static const struct object_identity nowhere;
	bool deleted;

	*skip = false;
	*out = NULL;
	switch (maps_classify(path, identity->inode, &deleted)) {
	case MAPS_FILE:
		return objects_intern(objects, OBJECT_FILE, identity, path, out);
	case MAPS_VDSO:
		return objects_intern(objects, OBJECT_VDSO, &nowhere, "[vdso]", out);
	case MAPS_VSYSCALL:
		*skip = true;
		return 0;
	case MAPS_ANON:
		return 0;
	}
	return 0;
}

static int add_line(struct proc_read *out, struct objects *objects, struct maps_line *line)
{
	const struct object_identity identity = {
		.major = line->major,
		.minor = line->minor,
		.inode = line->inode,
	};
	struct mapping mapping = { .start = line->start, .end = line->end };
	struct mapping *found;
	bool skip;
	int err;

	/* The kernel walks upwards; what goes backwards is a change between two chunks. */
	if (out->count && line->start < out->found[out->count - 1].end)
		return 0;
	if (out->count == MAPPINGS_MAX) {
		out->cut = true;
		return 0;
	}
	err = proc_object(objects, &identity, line->path, &mapping.object, &skip);
	if (err || skip)
		return err;
	if (mapping.object && mapping.object->kind == OBJECT_FILE)
		mapping.offset = line->offset;
	if (!(out->count & (out->count - 1))) { /* room doubles at each power of two */
		size_t cap = out->count ? 2 * (size_t)out->count : 1;

		found = realloc(out->found, cap * sizeof(*found));
		if (!found)
			return -ENOMEM;
		out->found = found;
	}
	out->found[out->count++] = mapping;
	return 0;
}

static int take_line(struct proc_read *out, struct objects *objects, struct maps_line *line)
{
	if (line->executable)
		return add_line(out, objects, line);
	if (out->n_contexts < PROC_CONTEXTS && process_context_is_at(line->path))
		out->contexts[out->n_contexts++] = line->start;
	return 0;
}

/* Parses the whole lines in `text`; *used: their length. */
static int parse_lines(struct proc_read *out, struct objects *objects, const char *text,
	size_t len, size_t *used)
{
	struct maps_line line;
	const char *end;

	*used = 0;
	while ((end = memchr(text + *used, '\n', len - *used))) {
		size_t line_len = (size_t)(end - text) - *used;
		int err = 0;

		if (!maps_parse(text + *used, line_len, &line))
			err = take_line(out, objects, &line);
		if (err)
			return err;
		*used += line_len + 1;
	}
	return 0;
}

/* 0 with *any saying whether there was anything to read. */
static int read_maps(int dir, const char *name, struct proc_read *out, struct objects *objects,
	bool *any)
{
	char *text = malloc(READ_CHUNK);
	size_t have = 0, used;
	ssize_t len;
	int err = 0;
	int fd = text ? openat(dir, name, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0) {
		err = !text ? -ENOMEM : errno == ENOENT ? -ESRCH : -errno;
		goto free_text;
	}
	*any = false;
	while ((len = read(fd, text + have, READ_CHUNK - have)) > 0) {
		*any = true;
		have += (size_t)len;
		err = parse_lines(out, objects, text, have, &used);
		if (err)
			goto close_fd;
		if (!used && have == READ_CHUNK)
			used = have; /* no line is that long */
		have -= used;
		memmove(text, text + used, have);
	}
	if (len < 0)
		err = -errno;
close_fd:
	close(fd);
free_text:
	free(text);
	return err;
}

/* The first thread may have ended, and with it its view of the address space that the others still use. */
static int read_maps_of_threads(int dir, struct proc_read *out, struct objects *objects)
{
	int fd = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	bool any = false;
	int tried = 0;

	if (!list) {
		if (fd >= 0)
			close(fd);
		return -ESRCH;
	}
	while (!any && tried < THREADS_TRIED && (entry = readdir(list))) {
		char name[sizeof(entry->d_name) + 8];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/maps", entry->d_name);
		tried++;
		if (read_maps(fd, name, out, objects, &any))
			any = false;
	}
	closedir(list);
	return any ? 0 : -ESRCH;
}

static bool have_anonymous(const struct proc_read *read)
{
	for (uint32_t i = 0; i < read->count; i++)
		if (!read->found[i].object)
			return true;
	return false;
}

static void read_exe(int dir, struct proc_read *out)
{
	char path[MAPS_PATH];
	ssize_t len = readlinkat(dir, "exe", path, sizeof(path) - 1);
	bool deleted;

	if (len <= 0 || (size_t)len == sizeof(path) - 1)
		return;
	path[len] = '\0';
	maps_classify(path, 1, &deleted); /* cuts the mark off */
	out->exe = strdup(path);
}

static void read_cgroup(int dir, struct proc_read *out)
{
	char *text = malloc(CGROUP_FILE_MAX);
	const char *path = NULL;
	size_t have = 0, len;
	ssize_t got = 0;
	int fd = text ? openat(dir, "cgroup", O_RDONLY | O_CLOEXEC) : -1;

	while (fd >= 0 && have < CGROUP_FILE_MAX && (got = read(fd, text + have, CGROUP_FILE_MAX - have)) > 0)
		have += (size_t)got;
	if (fd >= 0)
		close(fd);
	if (got >= 0)
		path = text ? cgroup_file_choose(text, have, &len) : NULL;
	if (path)
		out->cgroup = strndup(path, len);
	free(text);
}

/* Whatever cannot be read states nothing. What is published goes before the environment, as the later of two. */
static void read_stated(int dir, struct proc_read *out, bool contexts)
{
	struct buf text = {0};
	bool failed = environment_read(dir, &text) == -ENOMEM;

	for (unsigned i = 0; contexts && i < out->n_contexts && !out->published && !out->hung; i++) {
		int err = process_context_read(dir, out->contexts[i], &text);

		out->published = !err;
		out->hung = err == -ETIMEDOUT;
	}
	if (failed || buf_putc(&text, 0))
		buf_release(&text);
	out->stated = text.data;
}

static int read_once(int dir, struct proc_read *out, struct objects *objects,
	const struct clocks *clocks, uint64_t start_ns, unsigned more)
{
	struct stat_line before, after;
	bool any;
	int err;

	out->time_ns = clocks_now(clocks);
	err = read_stat(dir, &before);
	if (err)
		return err;
	if (start_ns && !clocks_same_start(clocks, start_ns, before.start_ticks))
		return -ESRCH;
	read_status(dir, out);
	read_exe(dir, out);
	err = read_maps(dir, "maps", out, objects, &any);
	if (!err && !any && !(before.flags & KERNEL_THREAD))
		err = read_maps_of_threads(dir, out, objects);
	if (err)
		return err;
	if (more & PROC_READ_STATED)
		read_stated(dir, out, more & PROC_READ_CONTEXT);
	if (out->hung)
		return 0;
	err = read_stat(dir, &after);
	if (err)
		return err;
	return before.stack == after.stack ? 0 : -EAGAIN;
}

int proc_read(struct proc_read *read, struct objects *objects, const struct clocks *clocks,
	uint32_t pid, uint64_t start_ns, unsigned more)
{
	struct proc_read got;
	char path[32];
	int dir, err;

	snprintf(path, sizeof(path), "/proc/%u", pid);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	for (int i = 0; i < EXEC_RETRIES; i++) {
		got = (struct proc_read){ .uid = UINT32_MAX, .root_fd = -1 };
		err = read_once(dir, &got, objects, clocks, start_ns, more);
		if (!err)
			break;
		proc_read_release(&got);
		if (err != -EAGAIN)
			break;
	}
	if (!err && more & PROC_READ_CGROUP)
		read_cgroup(dir, &got);
	if (!err && have_anonymous(&got))
		got.root_fd = openat(dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	close(dir);
	if (err)
		return err;
	*read = got;
	return 0;
}

void proc_read_release(struct proc_read *read)
{
	free(read->found);
	free(read->exe);
	free(read->cgroup);
	free(read->stated);
	if (read->root_fd >= 0)
		close(read->root_fd);
	*read = (struct proc_read){ .root_fd = -1 };
}
