// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries to samples, over processes that exist only as records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "collect/resolve.h"
#include "process/clocks.h"

#define MS 1000000ULL
#define STRANGE 0x7ffffff0u /* above any pid_max */
#define CODE 0x400000ULL
#define CODE_OFFSET 0x5000ULL
#define JIT 0x500000ULL
#define SWAPPED 0x600000ULL /* another file is mapped there later */
#define NOWHERE 0x700000ULL
#define WALKED 0x800000ULL
#define WORDS 1024
#define VSYSCALL 0xffffffffff600400ULL
#define KERNEL 0xffffffff81000000ULL

struct fixture {
	struct objects *objects;
	struct processes *processes;
	struct tables *tables;
	uint64_t words[WORDS];
	uint64_t slots[ABI_SPACE_SLOTS];
	struct arena arena;
	struct spaces *spaces;
	struct profile profile;
	uint64_t counters[COUNTERS];
	struct resolver resolver;
	uint64_t born_ns, start_ns;
};

static void apply(struct fixture *fixture, struct lifecycle record)
{
	if (!record.name)
		record.name = "";
	assert_int_equal(processes_apply(fixture->processes, &record), 0);
}

static void map(struct fixture *fixture, uint64_t start, uint64_t inode, uint64_t time_ns)
{
	apply(fixture, (struct lifecycle){.kind = LIFECYCLE_MAP, .pid = STRANGE, .time_ns = time_ns,
		.start = start, .end = start + 0x10000, .offset = inode ? CODE_OFFSET : 0,
		.file.inode = inode, .name = inode ? "/no/such/file" : "//anon"});
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct clocks clocks;

	assert_non_null(f);
	f->objects = objects_new();
	f->processes = processes_new(f->objects);
	f->tables = tables_new(NULL);
	assert_non_null(f->tables);
	assert_int_equal(arena_init(&f->arena, f->words, WORDS), 0);
	f->spaces = spaces_new(f->slots, &f->arena, f->tables);
	assert_non_null(f->spaces);
	f->resolver = (struct resolver){.profile = &f->profile, .objects = f->objects,
		.processes = f->processes, .tables = f->tables, .spaces = f->spaces,
		.counters = f->counters};
	clocks_init(&clocks);
	f->born_ns = clocks_now(&clocks);
	f->start_ns = f->born_ns + (uint64_t)clocks.suspended_ns;
	apply(f, (struct lifecycle){.kind = LIFECYCLE_FORK, .pid = STRANGE, .parent = STRANGE + 1,
		.time_ns = f->born_ns});
	apply(f, (struct lifecycle){
		.kind = LIFECYCLE_EXEC, .pid = STRANGE, .time_ns = f->born_ns + MS});
	map(f, CODE, 1, f->born_ns + 2 * MS);
	map(f, JIT, 0, f->born_ns + 2 * MS);
	map(f, SWAPPED, 2, f->born_ns + 2 * MS);
	map(f, SWAPPED, 3, f->born_ns + 8 * MS);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	profile_release(&f->profile);
	spaces_free(f->spaces);
	arena_release(&f->arena);
	tables_free(f->tables);
	processes_free(f->processes);
	objects_free(f->objects);
	free(f);
	return 0;
}

/* Sampled from 4 to 6 ms of the process's life. */
static struct abi_entry entry(const struct fixture *f, uint16_t n_kernel, uint16_t n_user)
{
	return (struct abi_entry){.start_ns = f->start_ns, .first_ns = f->born_ns + 4 * MS,
		.last_ns = f->born_ns + 6 * MS, .tgid = STRANGE, .count = 10, .n_kernel = n_kernel,
		.n_user = n_user, .by_fp = n_user ? (uint16_t)(n_user - 1) : 0, .comm = "worker"};
}

/* The last sample key that was added; its frames in *frames. */
static const struct profile_sample *last(const struct fixture *f, const uint32_t **frames, uint32_t *n)
{
	const struct profile_sample *sample =
		profile_get_sample(&f->profile, f->profile.samples.count - 1);

	*frames = profile_get_stack(&f->profile, sample->stack, n);
	return sample;
}

static void expect_frame(const struct fixture *f, uint32_t id, struct frame frame)
{
	assert_memory_equal(profile_get_frame(&f->profile, id), &frame, sizeof(frame));
}

static void test_addresses(void **state)
{
	struct fixture *f = *state;
	const uint64_t frames[] = {KERNEL, KERNEL + 16, CODE + 4, CODE + 32, JIT + 8};
	struct abi_entry sampled = entry(f, 2, 3);
	const struct profile_sample *sample;
	const uint32_t *ids;
	uint32_t n;

	resolve_entry(&f->resolver, &sampled, frames, NULL);
	sample = last(f, &ids, &n);
	assert_int_equal(n, 5);
	expect_frame(f, ids[0], (struct frame){FRAME_KERNEL, 0, KERNEL});
	expect_frame(f, ids[1], (struct frame){FRAME_KERNEL, 0, KERNEL + 15});
	expect_frame(f, ids[2], (struct frame){FRAME_FILE, 0, CODE_OFFSET + 4});
	expect_frame(f, ids[3], (struct frame){FRAME_FILE, 0, CODE_OFFSET + 32});
	expect_frame(f, ids[4], (struct frame){FRAME_ANON, 0, JIT + 8});
	assert_int_equal(sample->cut, 0);
	assert_int_equal(sample->flags, 0);
	assert_string_equal(profile_text(&f->profile, sample->comm), "worker");
	assert_int_equal(profile_total(&f->profile), 10);
	assert_int_equal(f->resolver.by_fp, 20);
	assert_int_equal(objects_get(f->objects, 0)->tries, 1);
	assert_int_equal(objects_get(f->objects, 0)->fd, -1);
}

/* One user stack and what becomes of it: its length and cut, and the last frame's cause if it has no place. */
struct row {
	uint64_t frames[3];
	uint32_t n, cut, unknown;
	uint64_t by_fp;
};

static void check(struct fixture *f, const struct row *row)
{
	struct abi_entry sampled = entry(f, 0, 3);
	uint64_t before = f->resolver.by_fp;
	const uint32_t *ids;
	uint32_t n;

	resolve_entry(&f->resolver, &sampled, row->frames, NULL);
	assert_int_equal(last(f, &ids, &n)->cut, row->cut);
	assert_int_equal(n, row->n);
	if (row->unknown)
		expect_frame(f, ids[n - 1], (struct frame){FRAME_UNKNOWN, row->unknown, 0});
	assert_int_equal(f->resolver.by_fp - before, row->by_fp);
}

static void test_places(void **state)
{
	struct fixture *f = *state;
	const struct row rows[] = {
		{{CODE + 1, CODE + 2, CODE + 3}, 3, 0, 0, 20},
		/* Every user address is what to look up: the unwinder took the one off a return address. */
		{{CODE + 1, CODE, CODE + 0xffff}, 3, 0, 0, 20},
		{{CODE + 2, CODE + 2, CODE - 1}, 2, COUNTER_corrupt, 0, 10},
		{{CODE + 2, CODE + 3, CODE + 0x10000}, 2, COUNTER_corrupt, 0, 10},
		{{NOWHERE, CODE + 4, JIT + 4}, 3, 0, 0, 20},
		/* A caller that is nowhere ends the stack. */
		{{CODE + 5, NOWHERE, CODE + 6}, 1, COUNTER_corrupt, 0, 0},
		{{CODE + 5, CODE + 6, NOWHERE}, 2, COUNTER_corrupt, 0, 10},
		{{CODE + 7, VSYSCALL, CODE + 6}, 1, COUNTER_corrupt, 0, 0},
		{{CODE + 8, CODE + 8, SWAPPED + 0x10000}, 2, COUNTER_corrupt, 0, 10},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(f, &rows[i]);
}

static void test_leaf_nowhere(void **state)
{
	struct fixture *f = *state;
	static const uint64_t leaf = NOWHERE;
	struct abi_entry sampled = entry(f, 0, 1);
	const uint32_t *ids;
	uint32_t n;

	resolve_entry(&f->resolver, &sampled, &leaf, NULL);
	assert_int_equal(last(f, &ids, &n)->cut, 0);
	assert_int_equal(n, 1);
	expect_frame(f, ids[0], (struct frame){FRAME_UNKNOWN, COUNTER_not_mapped, 0});
}

/* The kernel's own walk ends with the user's address, which is none of its frames. */
static void test_vsyscall(void **state)
{
	struct fixture *f = *state;
	static const uint64_t frames[] = {KERNEL, VSYSCALL, VSYSCALL, CODE + 1};
	struct abi_entry sampled = entry(f, 2, 2);
	const uint32_t *ids;
	uint32_t n;

	resolve_entry(&f->resolver, &sampled, frames, NULL);
	assert_int_equal(last(f, &ids, &n)->cut, 0);
	assert_int_equal(n, 3);
	expect_frame(f, ids[0], (struct frame){FRAME_KERNEL, 0, KERNEL});
	assert_int_equal(profile_get_frame(&f->profile, ids[1])->kind, FRAME_FILE);
	assert_int_equal(profile_get_frame(&f->profile, ids[1])->address, 0x400);
	assert_int_equal(objects_get(f->objects, profile_get_frame(&f->profile, ids[1])->owner)->kind,
		OBJECT_VSYSCALL);
}

/* A 32-bit process has another vDSO than the one that names are read from. */
static void test_vdso(void **state)
{
	struct fixture *f = *state;
	const uint64_t leaf = NOWHERE + 4;
	struct abi_entry sampled = entry(f, 0, 1);
	const uint32_t *ids;
	uint32_t n;

	apply(f, (struct lifecycle){.kind = LIFECYCLE_MAP, .pid = STRANGE, .name = "[vdso]",
		.time_ns = f->born_ns + 3 * MS, .start = NOWHERE, .end = NOWHERE + 0x1000});
	resolve_entry(&f->resolver, &sampled, &leaf, NULL);
	last(f, &ids, &n);
	assert_int_equal(profile_get_frame(&f->profile, ids[0])->kind, FRAME_FILE);
	sampled.cut = COUNTER_compat_32bit;
	resolve_entry(&f->resolver, &sampled, &leaf, NULL);
	assert_int_equal(last(f, &ids, &n)->cut, COUNTER_compat_32bit);
	assert_int_equal(n, 1);
	expect_frame(f, ids[0], (struct frame){FRAME_UNKNOWN, COUNTER_no_symbol, 0});
}

/* Before and after the change the place is known, across it it is not; the callers beyond are kept. */
static void test_mapping_changed(void **state)
{
	struct fixture *f = *state;
	const uint64_t frames[] = {CODE + 1, SWAPPED + 4, CODE + 9};
	struct abi_entry sampled = entry(f, 0, 3);
	const uint32_t *ids;
	uint32_t n;

	resolve_entry(&f->resolver, &sampled, frames, NULL);
	last(f, &ids, &n);
	expect_frame(f, ids[1], (struct frame){FRAME_FILE, 1, CODE_OFFSET + 4});
	sampled.first_ns = sampled.last_ns = f->born_ns + 9 * MS;
	resolve_entry(&f->resolver, &sampled, frames, NULL);
	last(f, &ids, &n);
	expect_frame(f, ids[1], (struct frame){FRAME_FILE, 2, CODE_OFFSET + 4});
	sampled.first_ns = f->born_ns + 6 * MS;
	resolve_entry(&f->resolver, &sampled, frames, NULL);
	assert_int_equal(last(f, &ids, &n)->cut, 0);
	assert_int_equal(n, 3);
	expect_frame(f, ids[1], (struct frame){FRAME_UNKNOWN, COUNTER_mapping_changed, 0});
	expect_frame(f, ids[2], (struct frame){FRAME_FILE, 0, CODE_OFFSET + 9});
}

/* Nobody knows the maps of a process that ended before they could be read: its leaf stays, without a place. */
static void test_process_gone(void **state)
{
	struct fixture *f = *state;
	const uint64_t frames[] = {KERNEL, CODE, CODE + 1};
	struct abi_entry sampled = entry(f, 1, 2);
	const uint32_t *ids;
	uint32_t n;

	sampled.tgid = STRANGE + 5;
	resolve_entry(&f->resolver, &sampled, frames, NULL);
	assert_int_equal(last(f, &ids, &n)->cut, COUNTER_process_gone);
	assert_int_equal(n, 2);
	expect_frame(f, ids[1], (struct frame){FRAME_UNKNOWN, COUNTER_not_mapped, 0});
	assert_int_equal(f->resolver.by_fp, 0);
}

static void test_flags_and_cut(void **state)
{
	struct fixture *f = *state;
	const uint64_t frames[] = {CODE, CODE + 1};
	struct abi_entry sampled = entry(f, 0, 2);
	const struct profile_sample *sample;
	const uint32_t *ids;
	uint32_t n;

	sampled.cut = COUNTER_depth_limit;
	sampled.flags = ENTRY_UNVERIFIED | ENTRY_USER_LEAF;
	resolve_entry(&f->resolver, &sampled, frames, NULL);
	sample = last(f, &ids, &n);
	assert_int_equal(sample->cut, COUNTER_depth_limit);
	assert_int_equal(sample->flags, SAMPLE_UNVERIFIED);
	sampled = entry(f, 2, 0);
	sampled.flags = ENTRY_NO_USER;
	resolve_entry(&f->resolver, &sampled, frames, NULL);
	sample = last(f, &ids, &n);
	assert_int_equal(sample->flags, SAMPLE_NO_USER);
	assert_int_equal(n, 2);
	assert_int_equal(f->resolver.by_fp, 10); /* of the first alone */
}

/* A name of 16 bytes without an end, and a task of no process of ours. */
static void test_hostile_comm(void **state)
{
	struct fixture *f = *state;
	struct abi_entry sampled = entry(f, 0, 0);
	const struct profile_sample *sample;
	const uint32_t *ids;
	uint32_t n;

	memset(sampled.comm, 'x', ABI_COMM);
	sampled.tgid = 0;
	resolve_entry(&f->resolver, &sampled, NULL, NULL);
	sample = last(f, &ids, &n);
	assert_string_equal(profile_text(&f->profile, sample->comm), "xxxxxxxxxxxxxxxx");
	assert_int_equal(n, 0);
	assert_int_equal(processes_count(f->processes), 0);
}

/* Equal stacks of two intervals are one sample. */
static void test_adds_up(void **state)
{
	struct fixture *f = *state;
	const uint64_t frames[] = {CODE, CODE + 1};
	struct abi_entry sampled = entry(f, 0, 2);

	resolve_entry(&f->resolver, &sampled, frames, NULL);
	sampled.last_ns += MS;
	resolve_entry(&f->resolver, &sampled, frames, NULL);
	assert_int_equal(f->profile.samples.count, 1);
	assert_int_equal(profile_total(&f->profile), 20);
	assert_int_equal(f->counters[COUNTER_user_memory], 0);
}

/* Publishes what is mapped by now. The space's place. */
static uint32_t publish(struct fixture *f)
{
	const struct abi_entry sampled = {.start_ns = f->start_ns, .tgid = STRANGE, .exec = 1};
	struct process *process;

	assert_int_equal(processes_sampled(f->processes, STRANGE, f->start_ns, &process), 0);
	assert_int_equal(spaces_wanted(f->spaces, process, &sampled, COUNTER_stack_copy_short), 0);
	spaces_publish(f->spaces);
	for (uint32_t i = 0; i < ABI_SPACE_SLOTS; i++)
		if (f->slots[i])
			return (uint32_t)f->slots[i];
	fail_msg("nothing was published");
	return 0;
}

static void map_at(struct fixture *f, uint64_t start, uint64_t inode, uint64_t offset, uint64_t time_ns)
{
	apply(f, (struct lifecycle){.kind = LIFECYCLE_MAP, .pid = STRANGE, .time_ns = time_ns,
		.start = start, .end = start + 0x10000, .offset = offset, .file.inode = inode,
		.name = inode ? "/no/such/file" : "//anon"});
}

/* What the kernel side walked by at WALKED, and what was there when it did; inode 0: code made at run time. */
static const struct {
	uint64_t inode, offset, inode_then, offset_then;
	bool stale;
} walked[] = {
	{4, 0x1000, 4, 0x1000, false},
	{4, 0x1000, 5, 0x1000, true},
	{4, 0x1000, 4, 0x2000, true},
	{4, 0x1000, 0, 0, true},
	{0, 0, 4, 0x1000, true},
	{0, 0, 0, 0, false},
};

/* The stack ends with the frame whose mapping was another one: who its caller is was told by the wrong code. */
static void test_mapping_stale(void **state)
{
	for (size_t i = 0; i < sizeof(walked) / sizeof(*walked); i++) {
		const uint64_t frames[] = {KERNEL, CODE + 1, JIT + 2, WALKED + 4, CODE + 9, CODE + 11};
		const struct profile_sample *sample;
		struct abi_entry sampled;
		struct fixture *f;
		const uint32_t *ids;
		void *made;
		uint32_t n;

		setup(&made);
		f = made;
		sampled = entry(f, 1, 5);
		map_at(f, WALKED, walked[i].inode, walked[i].offset, f->born_ns + 10 * MS);
		sampled.space = publish(f);
		sampled.space_version = 1; /* the first */
		map_at(f, WALKED, walked[i].inode_then, walked[i].offset_then, f->born_ns + 12 * MS);
		sampled.first_ns = sampled.last_ns = f->born_ns + 14 * MS;
		resolve_entry(&f->resolver, &sampled, frames, NULL);
		sample = last(f, &ids, &n);
		if (sample->cut != (walked[i].stale ? COUNTER_mapping_stale : 0) || n != (walked[i].stale ? 4 : 6))
			fail_msg("row %zu: %u frames, cut %u", i, n, sample->cut);
		expect_frame(f, ids[1], (struct frame){FRAME_FILE, 0, CODE_OFFSET + 1});
		if (walked[i].inode_then)
			assert_int_equal(profile_get_frame(&f->profile, ids[3])->address, walked[i].offset_then + 4);
		assert_int_equal(f->resolver.by_fp, walked[i].stale ? 20 : 40);
		teardown(&made);
	}
	(void)state;
}

/* With the same change, but no word of the kernel side's walk: nothing is known to be wrong. */
static void test_walked_otherwise(void **state)
{
	struct fixture *f = *state;
	const uint64_t frames[] = {WALKED + 4, CODE + 9};
	struct abi_entry sampled = entry(f, 0, 2);
	uint32_t place, n;
	const uint32_t *ids;

	map_at(f, WALKED, 4, 0x1000, f->born_ns + 10 * MS);
	place = publish(f);
	map_at(f, WALKED, 5, 0x1000, f->born_ns + 12 * MS);
	sampled.first_ns = sampled.last_ns = f->born_ns + 14 * MS;
	resolve_entry(&f->resolver, &sampled, frames, NULL); /* userspace walked it */
	assert_int_equal(last(f, &ids, &n)->cut, 0);
	assert_int_equal(n, 2);
	sampled.space = place;
	sampled.space_version = 2; /* of a space that nobody knows any more */
	resolve_entry(&f->resolver, &sampled, frames, NULL);
	assert_int_equal(last(f, &ids, &n)->cut, COUNTER_mapping_stale);
	assert_int_equal(n, 1);
	sampled.space_version = 1;
	sampled.cut = COUNTER_depth_limit; /* what cut it first stays */
	resolve_entry(&f->resolver, &sampled, frames, NULL);
	assert_int_equal(last(f, &ids, &n)->cut, COUNTER_depth_limit);
	assert_int_equal(n, 1);
}

/* What the space does not have, it cannot have been walked by. */
static void test_mapped_since(void **state)
{
	struct fixture *f = *state;
	const uint64_t frames[] = {WALKED + 4, CODE + 9};
	struct abi_entry sampled = entry(f, 0, 2);
	const uint32_t *ids;
	uint32_t n;

	sampled.space = publish(f);
	sampled.space_version = 1;
	map_at(f, WALKED, 5, 0x1000, f->born_ns + 12 * MS);
	sampled.first_ns = sampled.last_ns = f->born_ns + 14 * MS;
	resolve_entry(&f->resolver, &sampled, frames, NULL);
	assert_int_equal(last(f, &ids, &n)->cut, 0);
	assert_int_equal(n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_leaf_nowhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_vdso, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mapping_changed, setup, teardown),
		cmocka_unit_test(test_mapping_stale),
		cmocka_unit_test_setup_teardown(test_walked_otherwise, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mapped_since, setup, teardown),
		cmocka_unit_test_setup_teardown(test_process_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flags_and_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_comm, setup, teardown),
		cmocka_unit_test_setup_teardown(test_adds_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_vsyscall, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
