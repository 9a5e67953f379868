// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "object/elf.h"

#define NO_NAME "[file]"

struct objects {
	struct object **items;
	uint32_t count, cap;
	uint32_t *slots; /* id + 1, open addressing */
	uint32_t mask;
};

struct objects *objects_new(void)
{
	return calloc(1, sizeof(struct objects));
}

static void object_free(struct object *object)
{
	if (!object)
		return;
	if (object->fd >= 0)
		close(object->fd);
	if (object->root_fd >= 0)
		close(object->root_fd);
	free(object->path);
	free(object->name);
	free(object);
}

void objects_free(struct objects *objects)
{
	if (!objects)
		return;
	for (uint32_t i = 0; i < objects->count; i++)
		object_free(objects->items[i]);
	free(objects->items);
	free(objects->slots);
	free(objects);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 32;
}

/* Of what every source knows, so that objects that may be equal share a chain. */
static uint32_t hash_of(enum object_kind kind, const struct object_identity *id)
{
	uint64_t hash = mix(kind + 1, (uint64_t)id->major << 32 | id->minor);

	hash = mix(hash, id->inode);
	for (unsigned i = 0; !id->inode && i < id->build_id_size; i++)
		hash = mix(hash, id->build_id[i]);
	return (uint32_t)hash;
}

static bool same_build_id(const struct object_identity *a, const struct object_identity *b)
{
	return a->build_id_size == b->build_id_size &&
		!memcmp(a->build_id, b->build_id, a->build_id_size);
}

static bool agrees(const struct object *object, enum object_kind kind,
	const struct object_identity *id)
{
	const struct object_identity *mine = &object->identity;

	if (object->kind != kind || mine->major != id->major || mine->minor != id->minor ||
		mine->inode != id->inode)
		return false;
	if (mine->generation && id->generation && mine->generation != id->generation)
		return false;
	if (id->inode && (!mine->build_id_size || !id->build_id_size))
		return true;
	return same_build_id(mine, id);
}

/* Of several that agree (a file was replaced in place) the newest, which is the one that is there now. */
static struct object *find(const struct objects *objects, enum object_kind kind,
	const struct object_identity *id)
{
	struct object *found = NULL;

	if (!objects->slots)
		return NULL;
	for (uint32_t i = hash_of(kind, id) & objects->mask; objects->slots[i];
		i = (i + 1) & objects->mask) {
		struct object *object = objects->items[objects->slots[i] - 1];

		if (agrees(object, kind, id) && (!found || object->id > found->id))
			found = object;
	}
	return found;
}

static void put_slot(uint32_t *slots, uint32_t mask, const struct object *object)
{
	uint32_t i = hash_of(object->kind, &object->identity) & mask;

	while (slots[i])
		i = (i + 1) & mask;
	slots[i] = object->id + 1;
}

static int grow(struct objects *objects)
{
	uint32_t cap = objects->cap ? objects->cap * 2 : 32, mask = cap * 2 - 1;
	struct object **items = realloc(objects->items, cap * sizeof(*items));
	uint32_t *slots;

	if (!items)
		return -ENOMEM;
	objects->items = items;
	slots = calloc((size_t)mask + 1, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < objects->count; i++)
		put_slot(slots, mask, items[i]);
	free(objects->slots);
	objects->slots = slots;
	objects->mask = mask;
	objects->cap = cap;
	return 0;
}

static char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
	struct buf name = {0};

	if (!*last)
		last = NO_NAME;
	if (text_clean(&name, last, strlen(last)) || buf_putc(&name, 0))
		buf_release(&name);
	return name.data;
}

static struct object *object_new(enum object_kind kind, const struct object_identity *identity,
	const char *path)
{
	struct object *object = calloc(1, sizeof(*object));

	if (!object)
		return NULL;
	object->kind = kind;
	object->identity = *identity;
	object->fd = object->root_fd = -1;
	object->path = strdup(path);
	object->name = name_of(path);
	if (object->path && object->name)
		return object;
	object_free(object);
	return NULL;
}

static void learn(struct object_identity *mine, const struct object_identity *id)
{
	if (!mine->generation)
		mine->generation = id->generation;
	if (mine->build_id_size)
		return;
	mine->build_id_size = id->build_id_size;
	memcpy(mine->build_id, id->build_id, sizeof(mine->build_id));
}

int objects_intern(struct objects *objects, enum object_kind kind,
	const struct object_identity *identity, const char *path, struct object **out)
{
	struct object *object;

	if (identity->build_id_size > BUILD_ID_MAX)
		return -EINVAL;
	object = find(objects, kind, identity);
	if (object) {
		learn(&object->identity, identity);
		*out = object;
		return 0;
	}
	if (objects->count == objects->cap && grow(objects))
		return -ENOMEM;
	object = object_new(kind, identity, path);
	if (!object)
		return -ENOMEM;
	object->id = objects->count;
	objects->items[objects->count++] = object;
	put_slot(objects->slots, objects->mask, object);
	*out = object;
	return 0;
}

uint32_t objects_count(const struct objects *objects)
{
	return objects->count;
}

struct object *objects_get(const struct objects *objects, uint32_t id)
{
	return objects->items[id];
}

const char *object_name(const struct object *object)
{
	return object->name;
}

static int64_t written_ns(const struct stat *info)
{
	return info->st_mtim.tv_sec * (int64_t)NS_PER_SECOND + info->st_mtim.tv_nsec;
}

static bool is_unwritten(const struct object *object)
{
	struct stat info;

	return object->fd < 0 || (!fstat(object->fd, &info) && (uint64_t)info.st_size == object->size &&
					 written_ns(&info) == object->written_ns);
}

void object_set_fd(struct object *object, int fd)
{
	struct stat info;

	if (object->fd >= 0)
		close(object->fd);
	object->fd = fd < 0 ? -1 : fd;
	object->open_error = fd < 0 ? fd : 0;
	object->tried = true;
	if (fd < 0 || fstat(fd, &info))
		return;
	object->size = (uint64_t)info.st_size;
	object->written_ns = written_ns(&info);
}

void object_set_root(struct object *object, int root_fd)
{
	if (object->root_fd >= 0)
		close(object->root_fd);
	object->root_fd = root_fd;
}

bool object_is_build(const struct object *object, const struct elf *elf)
{
	const struct object_identity *mine = &object->identity;

	if (!mine->build_id_size)
		return is_unwritten(object);
	return mine->build_id_size == elf->build_id_size &&
		!memcmp(mine->build_id, elf->build_id, elf->build_id_size);
}

int object_learn_build(struct object *object, int fd)
{
	struct object_identity *mine = &object->identity;
	struct elf elf;
	int err = elf_init(&elf, fd);

	if (err && err != -ENOMEM)
		return mine->build_id_size ? -ESTALE : 0;
	if (err)
		return err;
	if (!object_is_build(object, &elf))
		err = -ESTALE;
	if (!err && elf.build_id_size <= sizeof(mine->build_id)) {
		mine->build_id_size = elf.build_id_size;
		memcpy(mine->build_id, elf.build_id, elf.build_id_size);
	}
	elf_release(&elf);
	return err;
}
