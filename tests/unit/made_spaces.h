/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that exist only as records, files with tables, and what is published of them, read as the kernel side reads
 * it.
 */
#ifndef MADE_SPACES_H
#define MADE_SPACES_H

#include <stdlib.h>
#include <string.h>

#include "made_memory.h"
#include "made_unwind.h"
#include "process/clocks.h"
#include "process/layout.h"
#include "unwind/spaces.h"

#define MS 1000000ULL
#define STRANGE 0x7ff00000u /* above any pid_max */
#define CODE 0x400000ULL
#define JIT 0x500000ULL
#define MORE 0x600000ULL
#define FILES 4
#define WORDS (1U << 16)
#define HOT 2

struct fixture {
	struct made_memory memory;
	struct objects *objects;
	struct object *files[FILES];
	struct processes *processes;
	struct tables *tables;
	uint64_t *slots;
	struct spaces *spaces;
	uint64_t born_ns, start_ns, now_ns;
};

static inline void begin_tables(struct fixture *f, uint32_t chunks)
{
	struct tables_memory memory = {.rules = f->memory.rules, .arena = &f->memory.arena,
		.backing = made_backing(&f->memory, chunks), .heap_bytes = 1 << 24};

	f->tables = tables_new(&memory);
	f->slots = calloc(ABI_SPACE_SLOTS, sizeof(uint64_t));
	assert_non_null(f->slots);
	f->spaces = spaces_new(f->slots, &f->memory.arena, f->tables);
	assert_non_null(f->spaces);
}

static inline void add_files(struct fixture *f)
{
	f->objects = objects_new();
	for (unsigned i = 0; i < FILES; i++) {
		const struct object_identity identity = {.inode = i + 1};

		assert_int_equal(objects_intern(f->objects, OBJECT_FILE, &identity, "/made", &f->files[i]), 0);
		object_set_fd(f->files[i], made_unwind_file(40 * ABI_ROWS - 1, 8));
		f->files[i]->tried = true;
	}
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct clocks clocks;

	assert_non_null(f);
	made_memory_init(&f->memory, WORDS);
	add_files(f);
	f->processes = processes_new(f->objects);
	begin_tables(f, 1); /* three files' rows */
	clocks_init(&clocks);
	f->born_ns = clocks_now(&clocks);
	f->now_ns = f->born_ns;
	f->start_ns = f->born_ns + (uint64_t)clocks.suspended_ns;
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	spaces_free(f->spaces);
	tables_free(f->tables);
	processes_free(f->processes);
	objects_free(f->objects);
	made_memory_release(&f->memory);
	free(f->slots);
	free(f);
	return 0;
}

static inline void apply(struct fixture *f, uint32_t pid, struct lifecycle record)
{
	record.pid = pid;
	record.time_ns = f->now_ns += MS / 1000;
	if (!record.name)
		record.name = "";
	assert_int_equal(processes_apply(f->processes, &record), 0);
}

/* Of the file, counted from 1, or without one. */
static inline void map_file(struct fixture *f, uint32_t pid, uint64_t start, uint64_t inode)
{
	apply(f, pid, (struct lifecycle){.kind = LIFECYCLE_MAP, .start = start, .end = start + 0x10000,
		.offset = inode ? MADE_UNWIND_OFFSET : 0, .file.inode = inode, .name = inode ? "/made" : "//anon"});
}

/* One that has the first file and some JIT code. */
static inline struct process *add_process(struct fixture *f, uint32_t pid)
{
	struct process *process;

	apply(f, pid, (struct lifecycle){.kind = LIFECYCLE_FORK, .parent = STRANGE - 1});
	apply(f, pid, (struct lifecycle){.kind = LIFECYCLE_EXEC});
	map_file(f, pid, CODE, 1);
	map_file(f, pid, JIT, 0);
	assert_int_equal(processes_sampled(f->processes, pid, f->start_ns, &process), 0);
	process->mm_state = 0x700000010ULL;
	return process;
}

static inline void want_exec(struct fixture *f, struct process *process, uint32_t exec, uint8_t cut)
{
	const struct abi_entry entry = {.start_ns = f->start_ns, .tgid = process->pid, .exec = exec};

	assert_int_equal(spaces_wanted(f->spaces, process, &entry, cut), 0);
}

/* What an entry of the space at `place` is resolved by; NULL: nobody knows. */
static inline const struct layout *use(struct fixture *f, uint32_t place)
{
	struct abi_entry entry = {.space = place};
	const struct layout *layout = NULL;

	if (place + sizeof(struct abi_space) / 8 <= f->memory.arena.size)
		entry.space_version = ((const struct abi_space *)(f->memory.words + place))->version;
	return spaces_use(f->spaces, &entry, &layout) ? NULL : layout;
}

static inline void want(struct fixture *f, struct process *process)
{
	want_exec(f, process, 1, 0);
}

/* Hands over what it takes, and publishes. */
static inline void publish(struct fixture *f, struct process *process)
{
	for (int i = 0; i < HOT; i++)
		want(f, process);
	spaces_publish(f->spaces);
}

/* As space_find() of bpf/space.bpf.h. 0: none. */
static inline uint32_t place_of(const struct fixture *f, const struct process *process, uint32_t exec)
{
	uint64_t hash = space_hash(f->start_ns, process->pid, exec);

	for (uint32_t probe = 0; probe < ABI_SPACE_PROBES; probe++) {
		uint64_t word = f->slots[((uint32_t)hash + probe) & (ABI_SPACE_SLOTS - 1)];
		const struct abi_space *space = arena_piece(&f->memory.arena, (uint32_t)word);

		if (word >> 32 == hash >> 32 && space->tgid == process->pid && space->exec == exec)
			return (uint32_t)word;
	}
	return 0;
}

static inline struct abi_space *space_at(const struct fixture *f, uint32_t place)
{
	return arena_piece(&f->memory.arena, place);
}

static inline const struct abi_space *space_of(const struct fixture *f, const struct process *process)
{
	uint32_t place = place_of(f, process, 1);

	return place ? space_at(f, place) : NULL;
}

static inline const uint64_t *starts_of(const struct abi_space *space)
{
	return (const uint64_t *)(space + 1);
}

static inline const struct abi_map *maps_of(const struct abi_space *space)
{
	return (const struct abi_map *)(starts_of(space) + space->size);
}

/* Slots that are not free. */
static inline unsigned used_slots(const struct fixture *f)
{
	unsigned used = 0;

	for (uint32_t i = 0; i < ABI_SPACE_SLOTS; i++)
		used += f->slots[i] != 0;
	return used;
}

/* What is published is what is mapped now, as tables_map() tells it. */
static inline void check(const struct fixture *f, const struct process *process)
{
	const struct abi_space *space = space_of(f, process);
	struct layout *layout = process_hold_layout(process);
	uint32_t n = layout_count(layout);

	assert_non_null(space);
	assert_int_equal(space->start_ns, f->start_ns);
	assert_int_equal(space->tgid, process->pid);
	assert_int_equal(space->mm_state, process->mm_state);
	assert_true(space->size >= 2 && space->size >= n && (space->size == 2 || space->size < 2 * n));
	assert_int_equal(space->size & (space->size - 1), 0);
	for (uint32_t i = 0; i < space->size; i++) {
		struct abi_map map = {0};

		if (i < n)
			tables_map(f->tables, &layout->at[i], &map);
		assert_int_equal(starts_of(space)[i], i < n ? layout->at[i].start : ABI_START_UNUSED);
		assert_memory_equal(&maps_of(space)[i], &map, sizeof(map));
	}
	layout_drop(layout);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

#endif
