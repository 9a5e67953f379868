// SPDX-License-Identifier: GPL-2.0-or-later
/* Published spaces when something has no room: in the arena, among the slots, or with a table that is taken away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "made_spaces.h"

/* Leaves so many words of the arena. */
static void fill_arena(struct fixture *f, uint32_t left)
{
	struct arena *arena = &f->memory.arena;

	assert_int_equal(arena->n_holes, 1);
	assert_int_not_equal(arena_take(arena, arena->holes[0].words - left), 0);
}

#define SMALL (5 + 2 * 6) /* words of a space with two mappings */

static void test_no_room(void **state)
{
	struct fixture *f = *state;
	struct process *first = add_process(f, STRANGE), *second = add_process(f, STRANGE + 1);
	struct process *third = add_process(f, STRANGE + 2);

	fill_arena(f, 2 * SMALL);
	publish(f, first);
	publish(f, second);
	publish(f, third);
	assert_int_equal(place_of(f, third, 1), 0);
	assert_int_equal(spaces_figures(f->spaces).no_room, 1);
	/* Both were used lately. */
	assert_int_equal(spaces_figures(f->spaces).published, 2);
	for (int epoch = 0; epoch < 2; epoch++) {
		spaces_epoch(f->spaces);
		use(f, place_of(f, first, 1));
	}
	want(f, third);
	spaces_publish(f->spaces);
	assert_int_not_equal(place_of(f, first, 1), 0);
	assert_int_equal(place_of(f, second, 1), 0);
	assert_int_equal(place_of(f, third, 1), 0); /* its memory is read for two epochs more */
	for (int epoch = 0; epoch < 2; epoch++) {
		spaces_epoch(f->spaces);
		use(f, place_of(f, first, 1));
	}
	want(f, third);
	spaces_publish(f->spaces);
	check(f, third);
	check(f, first);
	assert_int_equal(spaces_figures(f->spaces).no_room, 2);
}

/* Who goes: the one that was used least lately, whenever it was published; nobody who was used in this epoch or the last. */
static void test_least_used_goes(void **state)
{
	struct fixture *f = *state;
	struct process *processes[3], *wants = add_process(f, STRANGE + 3);

	fill_arena(f, 3 * SMALL);
	for (uint32_t i = 0; i < 3; i++)
		publish(f, processes[i] = add_process(f, STRANGE + i));
	spaces_epoch(f->spaces);
	publish(f, wants); /* they were used in the last epoch */
	assert_int_equal(spaces_figures(f->spaces).published, 3);
	use(f, place_of(f, processes[0], 1));
	spaces_epoch(f->spaces);
	use(f, place_of(f, processes[1], 1));
	spaces_epoch(f->spaces); /* the last use was 2, 1 and 3 epochs ago */
	for (unsigned gone = 1; gone <= 2; gone++) { /* one an epoch */
		spaces_epoch(f->spaces);
		want(f, wants);
		spaces_publish(f->spaces);
		assert_int_equal(spaces_figures(f->spaces).published, 3 - gone);
		assert_int_equal(place_of(f, processes[0], 1) != 0, gone < 2);
		assert_int_equal(place_of(f, processes[1], 1) != 0, gone < 3);
		assert_int_equal(place_of(f, processes[2], 1), 0);
	}
}

/* Processes with one home, one more than there are places from it on. */
static void test_slots_are_full(void **state)
{
	struct fixture *f = *state;
	struct process *processes[ABI_SPACE_PROBES + 1];
	uint32_t home = (uint32_t)space_hash(f->start_ns, STRANGE, 1) & (ABI_SPACE_SLOTS - 1);
	unsigned n = 0;

	for (uint32_t pid = STRANGE; n < ABI_SPACE_PROBES + 1; pid++) {
		assert_true(pid < STRANGE + 0xfffff);
		if (((uint32_t)space_hash(f->start_ns, pid, 1) & (ABI_SPACE_SLOTS - 1)) != home)
			continue;
		processes[n] = add_process(f, pid);
		publish(f, processes[n++]);
	}
	for (unsigned i = 0; i < ABI_SPACE_PROBES; i++)
		check(f, processes[i]);
	assert_int_equal(place_of(f, processes[ABI_SPACE_PROBES], 1), 0);
	assert_int_equal(spaces_figures(f->spaces).no_room, 1);
	/* One in the middle runs another program: its slot is free. */
	want_exec(f, processes[3], 2, 0);
	want(f, processes[ABI_SPACE_PROBES]);
	spaces_publish(f->spaces);
	check(f, processes[ABI_SPACE_PROBES]);
	check(f, processes[ABI_SPACE_PROBES - 1]);
}

/* So many mappings that none can be published, and one less. */
static void test_too_many_mappings(void **state)
{
	struct fixture *f = *state;
	struct process *process = add_process(f, STRANGE);

	for (unsigned i = 0; i < ABI_SPACE_MAPS - 2; i++)
		map_file(f, STRANGE, 0x10000000 + i * 0x20000ULL, 2);
	publish(f, process);
	check(f, process);
	assert_int_equal(space_of(f, process)->size, ABI_SPACE_MAPS);
	map_file(f, STRANGE, 0x90000000, 2);
	process->mm_state++;
	want(f, process);
	spaces_publish(f->spaces);
	assert_int_equal(spaces_figures(f->spaces).no_room, 1);
	assert_int_equal(place_of(f, process, 1), 0);
	/* Nobody tries again, and nobody else has to go for it, until it runs another program. */
	want(f, process);
	spaces_publish(f->spaces);
	assert_int_equal(spaces_figures(f->spaces).no_room, 1);
	want_exec(f, process, 2, COUNTER_stack_copy_short);
	spaces_publish(f->spaces);
	assert_int_equal(spaces_figures(f->spaces).no_room, 2);
}

/* A table that is taken away is in no space any more from the next publication on. */
static void test_evicted_table(void **state)
{
	struct fixture *f = *state;
	struct process *process = add_process(f, STRANGE), *other = add_process(f, STRANGE + 1);
	uint32_t place;

	map_file(f, STRANGE + 1, CODE, 2);
	for (unsigned i = 0; i < 4; i++) /* one more than there is room for */
		tables_find(f->tables, f->files[i], MADE_UNWIND_OFFSET);
	publish(f, process);
	publish(f, other);
	place = place_of(f, other, 1);
	assert_int_equal(maps_of(space_of(f, process))[0].kind, MAP_TABLE);
	for (int epoch = 0; epoch < 2; epoch++) {
		for (unsigned i = 1; i < 4; i++)
			tables_use(f->tables, f->files[i]->id);
		tables_epoch(f->tables);
	}
	spaces_publish(f->spaces);
	check(f, process);
	assert_int_equal(maps_of(space_of(f, process))[0].kind, MAP_DEFER);
	assert_int_equal(place_of(f, other, 1), place); /* it does not have that table */
	assert_int_equal(spaces_figures(f->spaces).publications, 3);
}

/* Without room for another space, there is none rather than one with the evicted table. */
static void test_evicted_table_without_room(void **state)
{
	struct fixture *f = *state;
	struct process *process = add_process(f, STRANGE);

	for (unsigned i = 0; i < 4; i++)
		tables_find(f->tables, f->files[i], MADE_UNWIND_OFFSET);
	fill_arena(f, SMALL);
	publish(f, process);
	check(f, process);
	for (int epoch = 0; epoch < 2; epoch++) {
		for (unsigned i = 1; i < 4; i++)
			tables_use(f->tables, f->files[i]->id);
		tables_epoch(f->tables);
	}
	spaces_publish(f->spaces);
	assert_int_equal(place_of(f, process, 1), 0);
	assert_int_equal(used_slots(f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_room),
		TEST(least_used_goes),
		TEST(slots_are_full),
		TEST(too_many_mappings),
		TEST(evicted_table),
		TEST(evicted_table_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
