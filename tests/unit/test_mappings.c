// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "process/mappings.h"

/* Objects are only compared. */
#define A ((struct object *)8)
#define B ((struct object *)16)

static struct mapping out;

static void map(struct mappings *mappings, uint64_t start, uint64_t end, uint64_t offset,
	struct object *object, uint64_t time)
{
	const struct mapping mapping = { start, end, offset, object, 0, 0 };

	assert_int_equal(mappings_map(mappings, &mapping, time), 0);
}

static enum mappings_answer at(const struct mappings *mappings, uint64_t address, uint64_t first,
	uint64_t last)
{
	return mappings_find(mappings, address, first, last, &out);
}

static void assert_object(const struct mappings *mappings, uint64_t address, uint64_t first,
	uint64_t last, const struct object *object)
{
	assert_int_equal(at(mappings, address, first, last), MAPPINGS_ONE);
	assert_ptr_equal(out.object, object);
}

static void test_covering_splits(void **state)
{
	struct mappings *m = mappings_new(0);

	(void)state;
	map(m, 0x1000, 0x9000, 0x100, A, 10);
	map(m, 0x3000, 0x5000, 0, B, 20);
	assert_object(m, 0x1000, 10, 99, A);
	assert_object(m, 0x2fff, 10, 99, A);
	assert_object(m, 0x3000, 20, 99, B);
	assert_object(m, 0x3000, 10, 20, A);
	assert_object(m, 0x5000, 10, 99, A);
	assert_int_equal(out.offset, 0x4100);
	assert_int_equal(at(m, 0x4000, 15, 25), MAPPINGS_CHANGED);
	assert_int_equal(at(m, 0x4000, 5, 15), MAPPINGS_CHANGED);
	assert_int_equal(at(m, 0x9000, 10, 15), MAPPINGS_NONE);
	assert_int_equal(mappings_count(m), 3);
	mappings_free(m);
}

/* Thousands of mappings that change thousands of times a second cannot be followed, and are not guessed. */
static void test_storm(void **state)
{
	enum { MANY = 4000 };
	struct mappings *m = mappings_new(0);
	struct mapping *found = calloc(MANY, sizeof(*found)), change;
	uint64_t time = 20, changes = 0;
	int err = 0;

	(void)state;
	for (uint64_t i = 0; i < MANY; i++)
		found[i] = (struct mapping){0x1000 + i * 0x2000, 0x2000 + i * 0x2000, 0, A, 0, 0};
	assert_int_equal(mappings_read(m, found, MANY, 10, true), 0);
	for (; !err && changes < 2 * MAPPINGS_WORK_MAX / MANY; changes++) {
		change = found[7];
		change.object = changes % 2 ? A : B;
		err = mappings_map(m, &change, ++time);
	}
	assert_int_equal(err, -EBUSY);
	assert_in_range(changes, MAPPINGS_WORK_MAX / MANY, MAPPINGS_WORK_MAX / MANY + 2);
	assert_object(m, found[8].start, 10, time, A);
	assert_int_equal(at(m, found[8].start, 10, time + 1), MAPPINGS_CHANGED);
	assert_int_equal(at(m, found[8].start, time + 1, time + 2), MAPPINGS_CHANGED);
	assert_int_equal(mappings_map(m, &change, ++time), 0); /* few again: followed again */
	assert_int_equal(mappings_read(m, found, MANY, time + 10, true), 0);
	assert_object(m, found[8].start, time + 10, time + 20, A);
	assert_int_equal(at(m, found[8].start, time + 5, time + 20), MAPPINGS_CHANGED);
	free(found);
	mappings_free(m);
}

static void test_same_again_ends_nothing(void **state)
{
	struct mappings *m = mappings_new(0);

	(void)state;
	map(m, 0x1000, 0x4000, 0x1000, A, 10);
	map(m, 0x2000, 0x3000, 0x2000, A, 20);
	assert_int_equal(mappings_count(m), 1);
	map(m, 0x1000, 0x6000, 0x1000, A, 30); /* merged with what lies behind */
	assert_object(m, 0x2000, 10, 99, A);
	assert_object(m, 0x5000, 30, 99, A);
	assert_int_equal(at(m, 0x5000, 20, 99), MAPPINGS_CHANGED);
	map(m, 0x2000, 0x3000, 0x9000, A, 40); /* the same file elsewhere */
	assert_int_equal(at(m, 0x2000, 30, 50), MAPPINGS_CHANGED);
	mappings_free(m);
}

static void test_exec_and_fork(void **state)
{
	struct mappings *parent = mappings_new(0), *child;

	(void)state;
	map(parent, 0x1000, 0x4000, 0, A, 10);
	child = mappings_fork(parent, 20);
	map(parent, 0x1000, 0x4000, 0, B, 30);
	assert_object(child, 0x1000, 20, 99, A);
	assert_object(parent, 0x1000, 30, 99, B);
	assert_int_equal(mappings_exec(child, 40), 0);
	assert_int_equal(mappings_count(child), 0);
	assert_object(child, 0x1000, 25, 40, A);
	assert_int_equal(at(child, 0x1000, 25, 41), MAPPINGS_CHANGED);
	map(child, 0x1000, 0x4000, 0, B, 50);
	assert_object(child, 0x1000, 50, 60, B);
	assert_object(child, 0x1000, 25, 40, A);
	mappings_prune(child, 45);
	assert_int_equal(at(child, 0x1000, 25, 40), MAPPINGS_CHANGED);
	mappings_free(parent);
	assert_object(child, 0x1000, 50, 60, B);
	mappings_free(child);
}

static void test_read_reconciles(void **state)
{
	const struct mapping first[] = { { 0x1000, 0x2000, 0, A, 0, 0 }, { 0x3000, 0x4000, 0, B, 0, 0 } };
	const struct mapping second[] = { { 0x1000, 0x2000, 0, A, 0, 0 },
		{ 0x5000, 0x6000, 0, B, 0, 0 } };
	struct mappings *m = mappings_new(0);

	(void)state;
	assert_int_equal(mappings_read(m, first, 2, 100, false), 0);
	assert_object(m, 0x1000, 1, 200, A);
	assert_int_equal(mappings_read(m, second, 2, 300, true), 0);
	assert_object(m, 0x1000, 1, 400, A);
	assert_object(m, 0x3000, 50, 100, B); /* mremap'ed away, unseen */
	assert_int_equal(at(m, 0x3000, 50, 101), MAPPINGS_CHANGED);
	assert_object(m, 0x5000, 300, 400, B);
	assert_int_equal(at(m, 0x5000, 200, 400), MAPPINGS_CHANGED);
	assert_int_equal(mappings_read(m, NULL, 0, 500, true), 0);
	assert_int_equal(mappings_count(m), 0);
	assert_object(m, 0x1000, 1, 300, A);
	mappings_free(m);
}

static void test_late_record_keeps_the_read(void **state)
{
	const struct mapping found[] = { { 0x1000, 0x2000, 0, B, 0, 0 } };
	struct mappings *m = mappings_new(0), *child;

	(void)state;
	assert_int_equal(mappings_read(m, found, 1, 100, false), 0);
	child = mappings_fork(m, 110);
	map(m, 0x1000, 0x2000, 0, A, 40);
	map(m, 0x1000, 0x2000, 0, B, 60);
	assert_object(m, 0x1000, 60, 200, B);
	assert_int_equal(at(m, 0x1000, 50, 200), MAPPINGS_CHANGED);
	assert_object(m, 0x1000, 40, 40, A);
	assert_int_equal(mappings_exec(m, 70), 0);
	assert_object(m, 0x1000, 70, 200, B);
	assert_int_equal(at(m, 0x1000, 65, 200), MAPPINGS_CHANGED);
	assert_object(child, 0x1000, 65, 200, B); /* a change of one is not one of the other */
	mappings_free(child);
	mappings_free(m);
}

static void test_anonymous_has_no_offset(void **state)
{
	struct mappings *m = mappings_new(0);

	(void)state;
	map(m, 0x1000, 0x2000, 0, NULL, 10);
	map(m, 0x1000, 0x3000, 0, NULL, 20);
	assert_true(mappings_have_anonymous(m));
	assert_object(m, 0x1800, 10, 99, NULL);
	assert_object(m, 0x2800, 20, 99, NULL);
	mappings_free(m);
}

static void test_limits(void **state)
{
	struct mappings *m = mappings_new(0);
	struct mapping *many = calloc(MAPPINGS_MAX + 1, sizeof(*many));

	(void)state;
	for (uint64_t i = 0; i <= MAPPINGS_MAX; i++)
		many[i] = (struct mapping){ i * 0x2000, i * 0x2000 + 0x1000, 0, A, 0, 0 };
	assert_int_equal(mappings_read(m, many, MAPPINGS_MAX + 1, 10, false), -E2BIG);
	assert_int_equal(mappings_read(m, many, MAPPINGS_MAX, 10, false), 0);
	assert_int_equal(mappings_map(m, &many[MAPPINGS_MAX], 20), -E2BIG);
	assert_int_equal(mappings_read(m, NULL, 0, 30, true), 0);
	assert_true(mappings_memory(m) < 2 * MAPPINGS_ENDED_MAX * sizeof(struct mapping));
	free(many);
	mappings_free(m);
}

/* Random changes against the plain truth: an array of what is at each page at each time. */
#define PAGES 24
#define TIMES 60

static void test_against_model(void **state)
{
	(void)state;
	srandom(7);
	for (int round = 0; round < 300; round++) {
		uint64_t bias[TIMES][PAGES] = { { 0 } };
		struct mappings *m = mappings_new(0);

		for (uint64_t t = 1; t < TIMES; t++) {
			uint64_t start = (uint64_t)random() % PAGES;
			uint64_t end = start + 1 + (uint64_t)random() % (PAGES - start);
			uint64_t file = 1 + (uint64_t)random() % 2;

			map(m, start << 12, end << 12, start << 12, file == 1 ? A : B, t);
			for (uint64_t p = 0; p < PAGES; p++)
				bias[t][p] = p >= start && p < end ? file : bias[t - 1][p];
		}
		for (uint64_t p = 0; p < PAGES; p++) {
			for (uint64_t t = 1; t < TIMES - 1; t++) {
				enum mappings_answer got = at(m, p << 12, t, t + 1);

				/* At t + 1 the next one is there already. */
				if (bias[t][p] && bias[t][p] == bias[t + 1][p]) {
					assert_int_equal(got, MAPPINGS_ONE);
					assert_ptr_equal(out.object, bias[t][p] == 1 ? A : B);
					assert_int_equal(out.offset + ((p << 12) - out.start), p << 12);
				}
				if (!bias[t][p])
					assert_int_not_equal(got, MAPPINGS_ONE);
			}
		}
		mappings_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_covering_splits),
		cmocka_unit_test(test_same_again_ends_nothing),
		cmocka_unit_test(test_exec_and_fork),
		cmocka_unit_test(test_read_reconciles),
		cmocka_unit_test(test_late_record_keeps_the_read),
		cmocka_unit_test(test_anonymous_has_no_offset),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_against_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
