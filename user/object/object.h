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
	uint64_t size; /* of the file, and when it was last written, as it was taken */
	int64_t written_ns;
	int open_error; /* negative errno: why fd is -1 once it was tried */
	int root_fd;   /* O_PATH of the root of all processes that were sampled in it; -1: it is ours, or they have several */
	bool root_is_ours; /* it was opened for a process that has our own root */
	bool tried;    /* fd is final */
	uint8_t tries; /* how many processes it could not be opened for, before it is final */
	uint32_t tried_for; /* process->id + 1 of the last of them, and after that of the last whose root was compared */
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

/* Takes `fd` (a negative errno: it cannot be opened), which becomes the object's; one it had before is closed. */
void object_set_fd(struct object *object, int fd);
/* Takes the descriptor of a root directory, -1: our own. */
void object_set_root(struct object *object, int root_fd);

struct elf;

/* Is the ELF file that object->fd is by now the one that was mapped, as far as anybody knows? False if it has another
 * build id, or none where there was one: it was rewritten. Without build ids: if it was written since object_set_fd().
 * Not ctime: that changes when a file is deleted or renamed, too. */
bool object_is_build(const struct object *object, const struct elf *elf);
/* Learns the build id of a file that is about to be object->fd. 0, also if it has none or is no ELF file; -ESTALE: it is
 * another build than the kernel told of; -ENOMEM. */
int object_learn_build(struct object *object, int fd);

#endif
