/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is mapped executable somewhere: its identity, and a descriptor once a sample fell into it. Objects
 * are shared by all processes that map the same file, live as long as their table, and have an id that counts up
 * from 0 (struct frame's owner).
 *
 * Identity is device and inode as /proc/PID/maps and PERF_RECORD_MMAP2 show them, plus the generation and the
 * build id where the kernel gave them: a file replaced in place under the same inode number is another object.
 * What one source does not know (0) agrees with anything, and is learned from the next one; without an inode the
 * build id alone decides.
 */
#ifndef PROFOUND_OBJECT_H
#define PROFOUND_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUILD_ID_MAX 20

struct object_identity {
	uint32_t major, minor;
	uint64_t inode, generation;
	uint8_t build_id_size; /* 0: not known */
	uint8_t build_id[BUILD_ID_MAX];
};

enum object_kind { OBJECT_FILE, OBJECT_VDSO, OBJECT_VSYSCALL };

struct object {
	uint32_t id;
	enum object_kind kind;
	struct object_identity identity;
	char *path;    /* as the target's kernel shows it, " (deleted)" cut off */
	char *name;    /* its last component, for people: never empty, as text_clean() leaves it */
	int fd;        /* read only, regular file, or -1 */
	bool tried;    /* opening was tried; fd is final */
};

struct objects;

struct objects *objects_new(void);
void objects_free(struct objects *objects);

/* The object of this identity, made when it is new. 0 and *out, or -ENOMEM. */
int objects_intern(struct objects *objects, enum object_kind kind,
	const struct object_identity *identity, const char *path, struct object **out);
uint32_t objects_count(const struct objects *objects);
struct object *objects_get(const struct objects *objects, uint32_t id);

/* object->name */
const char *object_name(const struct object *object);

/* Takes `fd` (negative: it cannot be opened), which becomes the object's; one it had before is closed. */
void object_set_fd(struct object *object, int fd);

#endif
