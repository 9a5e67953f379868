// SPDX-License-Identifier: GPL-2.0-or-later
/* What is published of a process, when, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "made_spaces.h"

static void test_hot_after_two(void **state)
{
	struct fixture *f = *state;
	struct process *process = add_process(f, STRANGE);

	want(f, process);
	spaces_publish(f->spaces);
	assert_int_equal(place_of(f, process, 1), 0);
	assert_int_equal(used_slots(f), 0);
	want(f, process);
	assert_int_equal(place_of(f, process, 1), 0);
	spaces_publish(f->spaces);
	check(f, process);
	assert_int_equal(used_slots(f), 1);
	assert_int_equal(space_of(f, process)->flags, 0);
	assert_int_equal(spaces_figures(f->spaces).published, 1);
}

static void test_urgent_at_once(void **state)
{
	struct fixture *f = *state;
	struct process *process = add_process(f, STRANGE);

	want_exec(f, process, 1, COUNTER_stack_copy_short);
	spaces_publish(f->spaces);
	check(f, process);
}

/* With a table where one is there: the first file's is, the second's is not. */
static void test_what_is_published(void **state)
{
	static const uint32_t kinds[] = {MAP_TABLE, MAP_BARE, MAP_DEFER, 0};
	struct fixture *f = *state;
	struct process *process = add_process(f, STRANGE);

	map_file(f, STRANGE, MORE, 2);
	tables_find(f->tables, f->files[0], MADE_UNWIND_OFFSET);
	publish(f, process);
	check(f, process);
	assert_int_equal(space_of(f, process)->size, 4);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(maps_of(space_of(f, process))[i].kind, kinds[i]);
	/* The next sample needed the other table. */
	tables_find(f->tables, f->files[1], MADE_UNWIND_OFFSET);
	want(f, process);
	spaces_publish(f->spaces);
	check(f, process);
	assert_int_equal(maps_of(space_of(f, process))[2].kind, MAP_TABLE);
	assert_int_equal(spaces_figures(f->spaces).published, 1);
	assert_int_equal(spaces_figures(f->spaces).publications, 2);
}

static void test_versions_differ(void **state)
{
	struct fixture *f = *state;
	uint32_t last = 0;

	for (uint32_t i = 0; i < 40; i++) {
		struct process *process = add_process(f, STRANGE + i);

		publish(f, process);
		assert_true(space_of(f, process)->version > last);
		last = space_of(f, process)->version;
	}
	assert_int_equal(used_slots(f), 40);
}

static void test_exec(void **state)
{
	struct fixture *f = *state;
	struct process *process = add_process(f, STRANGE);

	publish(f, process);
	want_exec(f, process, 2, 0);
	spaces_publish(f->spaces);
	assert_int_equal(place_of(f, process, 1), 0); /* nobody is that any more */
	assert_int_equal(place_of(f, process, 2), 0); /* not hot yet */
	assert_int_equal(spaces_figures(f->spaces).published, 0);
	want_exec(f, process, 2, 0);
	spaces_publish(f->spaces);
	assert_int_not_equal(place_of(f, process, 2), 0);
	assert_int_equal(place_of(f, process, 1), 0);
	assert_int_equal(used_slots(f), 1);
}

/* Programs under way and entries of two intervals go by the space that was replaced. */
static void test_replaced_is_kept(void **state)
{
	struct fixture *f = *state;
	struct process *process = add_process(f, STRANGE);
	uint32_t old, used, size;

	publish(f, process);
	old = place_of(f, process, 1);
	size = f->memory.arena.used;
	map_file(f, STRANGE, MORE, 2);
	process->mm_state++;
	want(f, process);
	spaces_publish(f->spaces);
	check(f, process);
	used = f->memory.arena.used;
	assert_int_not_equal(place_of(f, process, 1), old);
	for (int epoch = 0; epoch < 2; epoch++) {
		assert_int_equal(f->memory.arena.used, used);
		assert_int_equal(space_at(f, old)->tgid, STRANGE);
		assert_null(layout_find(use(f, old), MORE));
		assert_ptr_equal(layout_find(use(f, old), CODE)->object, f->files[0]);
		assert_ptr_equal(layout_find(use(f, place_of(f, process, 1)), MORE)->object, f->files[1]);
		spaces_epoch(f->spaces);
	}
	assert_null(use(f, old));
	assert_int_equal(f->memory.arena.used, used - size);
	assert_non_null(use(f, place_of(f, process, 1)));
}

static void test_use_of_nothing(void **state)
{
	struct fixture *f = *state;
	struct process *process = add_process(f, STRANGE);
	const struct layout *layout;
	uint32_t place;

	publish(f, process);
	place = place_of(f, process, 1);
	assert_null(use(f, place + 1));
	assert_null(use(f, WORDS - 8));
	assert_non_null(use(f, place));
	assert_int_equal(spaces_use(f->spaces, &(struct abi_entry){.space = place, .space_version = 77}, &layout), -ESTALE);
	space_at(f, place)->owner = UINT32_MAX; /* what was a space's is anything by now */
	assert_null(use(f, place));
}

/* Samples are handed over, and there is nothing new to tell: then all is told. */
static void test_complete(void **state)
{
	struct fixture *f = *state;
	struct process *process = add_process(f, STRANGE);
	uint32_t place;

	publish(f, process);
	place = place_of(f, process, 1);
	spaces_publish(f->spaces); /* nobody asked */
	assert_int_equal(space_of(f, process)->flags, 0);
	process->mm_state += 1ULL << 32; /* other mappings than executable ones */
	want(f, process);
	spaces_publish(f->spaces); /* asked for another reason */
	assert_int_equal(space_of(f, process)->flags, 0);
	want_exec(f, process, 1, COUNTER_corrupt);
	spaces_publish(f->spaces);
	assert_int_equal(place_of(f, process, 1), place);
	assert_int_equal(space_of(f, process)->flags, SPACE_COMPLETE);
	/* An entry of it is resolved, and what is mapped is another: it is complete no more, and published anew. */
	map_file(f, STRANGE, MORE + 0x100000, 0);
	assert_non_null(use(f, place));
	assert_int_equal(space_of(f, process)->flags, 0);
	spaces_publish(f->spaces);
	assert_int_not_equal(place_of(f, process, 1), place);
	/* One more mapping: another space, of which nothing is known yet. */
	map_file(f, STRANGE, MORE, 0);
	want(f, process);
	spaces_publish(f->spaces);
	check(f, process);
	assert_int_equal(space_of(f, process)->flags, 0);
}

/* A mapping less is a change, too. */
static void test_fewer_mappings(void **state)
{
	struct fixture *f = *state;
	struct process *process = add_process(f, STRANGE);

	map_file(f, STRANGE, MORE, 1);
	publish(f, process);
	assert_int_equal(space_of(f, process)->size, 4);
	apply(f, STRANGE, (struct lifecycle){.kind = LIFECYCLE_EXEC}); /* all are gone, and two are there again */
	map_file(f, STRANGE, CODE, 1);
	map_file(f, STRANGE, JIT, 0);
	want(f, process);
	spaces_publish(f->spaces);
	check(f, process);
	assert_int_equal(space_of(f, process)->size, 2);
}

static void test_loose(void **state)
{
	struct fixture *f = *state;
	struct process *process = add_process(f, STRANGE);
	uint32_t place;
	int changes = 0;

	publish(f, process);
	while (!(space_of(f, process)->flags & SPACE_LOOSE)) {
		assert_true(changes++ < 50);
		process->mm_state++;
		want(f, process);
		spaces_publish(f->spaces);
		check(f, process);
		spaces_epoch(f->spaces);
	}
	assert_true(changes > 8);
	/* From now on only other mappings matter. */
	place = place_of(f, process, 1);
	process->mm_state++;
	want(f, process);
	spaces_publish(f->spaces);
	assert_int_equal(place_of(f, process, 1), place);
	map_file(f, STRANGE, MORE, 2);
	want(f, process);
	spaces_publish(f->spaces);
	check(f, process);
	assert_int_equal(space_of(f, process)->flags, SPACE_LOOSE);
	/* Until it runs another program. */
	for (int i = 0; i < HOT; i++)
		want_exec(f, process, 2, 0);
	spaces_publish(f->spaces);
	assert_int_equal(space_at(f, place_of(f, process, 2))->flags, 0);
}

/* Epochs until the process's space is unpublished. */
static unsigned epochs_published(struct fixture *f, const struct process *process)
{
	unsigned epochs = 0;

	for (; place_of(f, process, 1); epochs++) {
		assert_true(epochs < 1000);
		spaces_epoch(f->spaces);
	}
	return epochs;
}

static void test_idle_and_gone(void **state)
{
	struct fixture *f = *state;
	struct process *idle = add_process(f, STRANGE), *gone = add_process(f, STRANGE + 1);
	struct process *busy = add_process(f, STRANGE + 2);

	publish(f, idle);
	publish(f, gone);
	publish(f, busy);
	apply(f, STRANGE + 1, (struct lifecycle){.kind = LIFECYCLE_EXIT});
	assert_true(gone->gone);
	assert_in_range(epochs_published(f, gone), 2, 5);
	assert_int_equal(spaces_figures(f->spaces).published, 2);
	for (unsigned epoch = 0; place_of(f, idle, 1); epoch++) {
		assert_true(epoch < 100);
		assert_non_null(use(f, place_of(f, busy, 1)));
		spaces_epoch(f->spaces);
	}
	assert_int_not_equal(place_of(f, busy, 1), 0);
	assert_in_range(epochs_published(f, busy), 50, 70);
	for (int epoch = 0; epoch < 2; epoch++)
		spaces_epoch(f->spaces);
	assert_int_equal(f->memory.arena.used, 0);
	assert_int_equal(used_slots(f), 0);
	assert_int_equal(spaces_figures(f->spaces).published, 0);
	publish(f, idle); /* it wakes up */
	check(f, idle);
}

/* What is not known of a process is not published, and what was is taken back. */
static void test_not_known(void **state)
{
	struct fixture *f = *state;
	struct process *process = add_process(f, STRANGE);

	publish(f, process);
	apply(f, STRANGE, (struct lifecycle){.kind = LIFECYCLE_LOST});
	want(f, process);
	spaces_publish(f->spaces);
	assert_int_equal(place_of(f, process, 1), 0);
	assert_int_equal(spaces_figures(f->spaces).published, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hot_after_two),
		TEST(urgent_at_once),
		TEST(what_is_published),
		TEST(versions_differ),
		TEST(exec),
		TEST(replaced_is_kept),
		TEST(use_of_nothing),
		TEST(complete),
		TEST(fewer_mappings),
		TEST(loose),
		TEST(idle_and_gone),
		TEST(not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
