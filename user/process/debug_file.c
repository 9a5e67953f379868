// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/debug_file.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "object/debug_link.h"
#include "process/root_dir.h"

#define STORE "/usr/lib/debug"

/* What is looked for. */
struct wanted {
	const struct object *object;
	const struct elf *elf;
	struct debug_link link;
	bool has_link;
	uint64_t *checksum_left;
};

static bool is_fatal(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOMEM;
}

static bool is_the_file_itself(const struct wanted *wanted, int fd)
{
	struct stat own, other;

	return fstat(wanted->elf->fd, &own) || fstat(fd, &other) ||
	       (own.st_dev == other.st_dev && own.st_ino == other.st_ino);
}

static bool has_the_checksum(const struct wanted *wanted, int fd)
{
	struct stat info;
	uint32_t crc;

	if (!wanted->has_link || fstat(fd, &info) || (uint64_t)info.st_size > *wanted->checksum_left)
		return false;
	*wanted->checksum_left -= (uint64_t)info.st_size;
	return !debug_link_crc(fd, &crc) && crc == wanted->link.crc;
}

/* 0; -ESTALE: it is not the debug file of this file; -ENOMEM. */
static int check(const struct wanted *wanted, int fd)
{
	const struct elf *elf = wanted->elf;
	struct elf found;
	bool proven;
	int err = is_the_file_itself(wanted, fd) ? -ESTALE : elf_init(&found, fd);

	if (err)
		return err == -ENOMEM ? err : -ESTALE;
	if (elf->build_id_size && found.build_id_size)
		proven = elf->build_id_size == found.build_id_size &&
			 !memcmp(elf->build_id, found.build_id, elf->build_id_size);
	else
		proven = has_the_checksum(wanted, fd);
	elf_release(&found);
	return proven ? 0 : -ESTALE;
}

/* `fd` is checked, and closed if it does not prove right; a negative one is passed on. */
static int checked(const struct wanted *wanted, int fd)
{
	int err = fd < 0 ? fd : check(wanted, fd);

	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

static bool is_below_store(const char *path)
{
	return !strncmp(path, STORE "/", sizeof(STORE)) && !strstr(path, "/../");
}

/*
 * Below our own root: the administrator's debug files for everybody, other paths only for those who have that root.
 * Else a container would have us open what is the host's.
 */
static int open_below_ours(const struct object *object, const char *path)
{
	int root, fd;

	if (!object->root_is_ours && !is_below_store(path))
		return -ENOENT;
	root = root_dir_open("/");
	if (root < 0)
		return root;
	fd = root_dir_open_extra(root, path);
	close(root);
	return fd;
}

/* Of what both roots have at this path the first that proves right. A build id is a note that anybody can copy, so the
 * administrator's file goes first. */
static int try_path(const struct wanted *wanted, const char *path)
{
	int fd = checked(wanted, open_below_ours(wanted->object, path));

	if (fd >= 0 || is_fatal(fd) || wanted->object->root_fd < 0)
		return fd;
	return checked(wanted, root_dir_open_extra(wanted->object->root_fd, path));
}

static int try_build_id(const struct wanted *wanted)
{
	char path[sizeof(STORE "/.build-id//.debug") + 2 * sizeof(wanted->elf->build_id) + 1];
	size_t size = wanted->elf->build_id_size;
	int at;

	if (size < 2)
		return -ENOENT;
	at = sprintf(path, STORE "/.build-id/%02x/", wanted->elf->build_id[0]);
	for (size_t i = 1; i < size; i++)
		at += sprintf(path + at, "%02x", wanted->elf->build_id[i]);
	strcpy(path + at, ".debug");
	return try_path(wanted, path);
}

static int try_link(const struct wanted *wanted)
{
	static const char *const forms[] = {"%.*s/%s", "%.*s/.debug/%s", STORE "%.*s/%s"};
	const char *own = wanted->object->path, *slash = strrchr(own, '/');
	char path[PATH_MAX];
	int fd = -ENOENT;

	if (!wanted->has_link || own[0] != '/')
		return -ENOENT;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms) && fd < 0 && !is_fatal(fd); i++)
		if ((size_t)snprintf(path, sizeof(path), forms[i], (int)(slash - own), own,
			    wanted->link.name) < sizeof(path))
			fd = try_path(wanted, path);
	return fd;
}

int debug_file_open(const struct object *object, const struct elf *elf, struct debuginfod *servers,
	uint64_t *checksum_left)
{
	struct wanted wanted = {.object = object, .elf = elf, .checksum_left = checksum_left};
	int fd;

	wanted.has_link = !debug_link_read(elf, &wanted.link);
	fd = try_build_id(&wanted);
	if (fd < 0 && !is_fatal(fd))
		fd = try_link(&wanted);
	if (fd < 0 && !is_fatal(fd) && servers && elf->build_id_size)
		fd = checked(&wanted, debuginfod_open(servers, elf->build_id, elf->build_id_size));
	return fd >= 0 || is_fatal(fd) ? fd : -ENOENT;
}

static int open_in_roots(const struct object *object, const char *path)
{
	int fd = object->root_fd < 0 ? -ENOENT : root_dir_open_extra(object->root_fd, path);

	return fd >= 0 || is_fatal(fd) ? fd : open_below_ours(object, path);
}

/* The kernel's idea of where the file is; below a root that is not ours it is only near enough to look there. */
static int directory_of(int fd, char directory[PATH_MAX])
{
	char self[40];
	ssize_t len;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	len = readlink(self, directory, PATH_MAX - 1);
	if (len <= 0 || directory[0] != '/')
		return -ENOENT;
	directory[len] = '\0';
	*strrchr(directory, '/') = '\0';
	return 0;
}

int debug_file_open_named(const struct object *object, int debug_fd, const char *path)
{
	char directory[PATH_MAX], whole[2 * PATH_MAX];
	int err;

	if (path[0] == '/')
		return open_in_roots(object, path);
	err = directory_of(debug_fd, directory);
	if (err)
		return err;
	if ((size_t)snprintf(whole, sizeof(whole), "%s/%s", directory, path) >= PATH_MAX)
		return -ENAMETOOLONG;
	return open_in_roots(object, whole);
}

int debug_file_open_for(void *namer, const char *path)
{
	const struct debug_file_namer *names = namer;

	return names->object ? debug_file_open_named(names->object, names->debug_fd, path) : -ENOENT;
}
