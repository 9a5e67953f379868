// SPDX-License-Identifier: GPL-2.0-or-later
#include "unwind/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "object/elf.h"
#include "process/process.h"
#include "profile/profile.h"
#include "symbolize/symbolize.h"
#include "unwind/pointers.h"

#define PID 0x7ffffff0u /* above any pid_max: nobody's */
#define SECOND 1000000000ULL

static int apply(const struct replay *replay, struct lifecycle record)
{
	record.pid = PID;
	return processes_apply(replay->processes, &record);
}

/* A second apart: so many changes at once are not followed (process/mappings.h). */
static int apply_map(const struct replay *replay, uint32_t index)
{
	const struct snapshot_map *map = &replay->snapshot->maps[index];
	struct lifecycle record = {.kind = LIFECYCLE_MAP, .time_ns = (index + 2) * SECOND, .name = "//anon",
		.start = map->start, .end = map->end, .offset = map->offset};

	if (map->file != SNAPSHOT_ANONYMOUS) {
		record.name = "/snapshot";
		record.file.inode = map->file + 1;
	}
	return apply(replay, record);
}

static uint64_t file_index(const struct object *object)
{
	return object->identity.inode - 1;
}

/* Every object's descriptor is final, so that the walk opens no file by its name. */
static int open_objects(const struct replay *replay)
{
	for (uint32_t i = 0; i < objects_count(replay->objects); i++) {
		struct object *object = objects_get(replay->objects, i);
		int fd = replay->snapshot->files[file_index(object)].fd;

		if (fd >= 0)
			fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (fd < 0 && replay->snapshot->files[file_index(object)].fd >= 0)
			return -errno;
		object_set_fd(object, fd);
	}
	return 0;
}

static int make_process(struct replay *replay)
{
	int err = apply(replay, (struct lifecycle){.kind = LIFECYCLE_EXEC, .time_ns = SECOND, .name = ""});

	for (uint32_t i = 0; i < replay->snapshot->n_maps && !err; i++)
		err = apply_map(replay, i);
	if (!err)
		err = processes_sampled(replay->processes, PID, 1, &replay->process);
	return err ? err : open_objects(replay);
}

static uint64_t sampled_at(const struct replay *replay)
{
	return (replay->snapshot->n_maps + 3) * SECOND;
}

int replay_init(struct replay *replay, const struct snapshot *snapshot)
{
	int err = -ENOMEM;

	*replay = (struct replay){.snapshot = snapshot, .objects = objects_new(), .tables = tables_new(NULL)};
	if (replay->objects)
		replay->processes = processes_new(replay->objects);
	if (replay->processes && replay->tables)
		err = make_process(replay);
	if (err) {
		replay_release(replay);
		return err;
	}
	stack_walk(&replay->walk, replay->tables, replay->process, sampled_at(replay), snapshot->reg,
		&snapshot->stack);
	return 0;
}

void replay_release(struct replay *replay)
{
	tables_free(replay->tables);
	processes_free(replay->processes);
	objects_free(replay->objects);
	*replay = (struct replay){0};
}

static struct place locate(const struct replay *replay, uint64_t address)
{
	return process_locate(replay->process, address, sampled_at(replay), sampled_at(replay));
}

const struct snapshot_file *replay_place(const struct replay *replay, uint64_t address, uint64_t *in_file)
{
	struct place place = locate(replay, address);
	struct elf elf;

	*in_file = place.offset;
	if (place.kind != PLACE_FILE)
		return NULL;
	if (place.object->fd >= 0 && !elf_init(&elf, place.object->fd)) {
		elf_address_of_offset(&elf, place.offset, in_file);
		elf_release(&elf);
	}
	return &replay->snapshot->files[file_index(place.object)];
}

/* The walk's frames as those of a profile; equal ones are one. ids[] gets the profile's frame of each. */
static int add_frames(const struct replay *replay, struct profile *profile, uint32_t *ids)
{
	int err = 0;

	for (uint32_t i = 0; i < replay->walk.n && !err; i++) {
		struct place place = locate(replay, replay->walk.frames[i]);
		struct frame frame = {.kind = FRAME_UNKNOWN};

		if (place.kind == PLACE_FILE)
			frame = (struct frame){FRAME_FILE, place.object->id, place.offset};
		err = profile_frame(profile, &frame, &ids[i]);
	}
	return err;
}

static const char *name_of(const struct profile *profile, uint32_t id)
{
	uint32_t count;
	const struct profile_line *lines = profile_get_lines(profile, id, &count);

	return count && profile->names[id].named ? profile_text(profile, lines[0].function) : "";
}

static int keep_frames(const struct replay *replay, const struct profile *profile, const uint32_t *ids,
	struct snapshot *snapshot)
{
	snapshot->frames = calloc(replay->walk.n + 1, sizeof(*snapshot->frames));
	if (!snapshot->frames)
		return -ENOMEM;
	for (uint32_t i = 0; i < replay->walk.n; i++) {
		struct snapshot_frame *frame = &snapshot->frames[i];

		frame->address = replay->walk.frames[i];
		frame->fp = replay->walk.fp[i];
		frame->name = strdup(name_of(profile, ids[i]));
		if (!frame->name)
			return -ENOMEM;
		snapshot->n_frames++;
	}
	snapshot->cut = replay->walk.cut;
	return 0;
}

int replay_keep(const struct replay *replay, struct snapshot *snapshot)
{
	const struct symbolize_options options = {.demangle = true};
	uint32_t ids[ABI_USER_FRAMES];
	struct profile profile = {0};
	int err = add_frames(replay, &profile, ids);

	if (!err)
		err = symbolize_profile(&profile, replay->objects, replay->processes, NULL, &options);
	if (!err)
		err = keep_frames(replay, &profile, ids, snapshot);
	profile_release(&profile);
	return err;
}

static int compare_walks(const struct stack_walk *walk, const struct stack_walk *other, struct fault *fault)
{
	for (uint32_t i = 0; i < walk->n && i < other->n; i++)
		if (walk->frames[i] != other->frames[i] || walk->fp[i] != other->fp[i])
			return fault_set(fault, -EBADE, "frame #%u is another", i);
	if (walk->n != other->n || walk->cut != other->cut || walk->unverified != other->unverified)
		return fault_set(fault, -EBADE, "the walk ends elsewhere, after %u and %u frames", walk->n, other->n);
	return 0;
}

static struct abi_rule rule_at(struct replay *replay, const struct object *object, uint64_t offset)
{
	const struct abi_rule *rule = tables_find(replay->tables, object, offset);

	return rule ? *rule : (struct abi_rule){.cfa = CFA_NONE};
}

static int compare_rules(struct replay *replay, struct replay *other, uint32_t id, struct fault *fault)
{
	const struct object *object = objects_get(replay->objects, id), *twin = objects_get(other->objects, id);
	struct pointers pointers;
	int err = pointers_init(&pointers, replay->snapshot, (uint32_t)file_index(object));

	for (uint32_t i = 0; i < pointers.n && !err; i++) {
		struct abi_rule rule = rule_at(replay, object, pointers.offsets[i]);
		struct abi_rule again = rule_at(other, twin, pointers.offsets[i]);

		if (memcmp(&rule, &again, sizeof(rule)))
			err = fault_set(fault, -EBADE, "another rule at %s+0x%llx",
				replay->snapshot->files[file_index(object)].name,
				(unsigned long long)pointers.offsets[i]);
	}
	pointers_release(&pointers);
	return err;
}

int replay_compare(struct replay *replay, struct replay *other, struct fault *fault)
{
	int err = compare_walks(&replay->walk, &other->walk, fault);

	if (!err && objects_count(replay->objects) != objects_count(other->objects))
		err = fault_set(fault, -EBADE, "the mappings are others");
	for (uint32_t i = 0; i < objects_count(replay->objects) && !err; i++)
		err = compare_rules(replay, other, i, fault);
	return err;
}
