// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbolize/batch.h"

static int offer(struct batch *batch, uint64_t start, uint64_t end, int rank, const char *name)
{
	return batch_offer(batch, start, end, rank, name, strlen(name));
}

static struct batch three(void)
{
	struct batch batch = {0};

	assert_int_equal(batch_add(&batch, 300, 2), 0);
	assert_int_equal(batch_add(&batch, 100, 0), 0);
	assert_int_equal(batch_add(&batch, 200, 1), 0);
	batch_sort(&batch);
	return batch;
}

static void test_sort_and_first(void **state)
{
	struct batch batch = three(), empty = {0};

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(batch.items[i].frame, i);
	assert_int_equal(batch_first(&batch, 0), 0);
	assert_int_equal(batch_first(&batch, 100), 0);
	assert_int_equal(batch_first(&batch, 101), 1);
	assert_int_equal(batch_first(&batch, 300), 2);
	assert_int_equal(batch_first(&batch, 301), 3);
	assert_int_equal(batch_first(&empty, 1), 0);
	assert_int_equal(offer(&empty, 0, UINT64_MAX, 0, "x"), 0);
	batch_release(&batch);
}

static void test_covers_half_open(void **state)
{
	struct batch batch = three();

	(void)state;
	assert_int_equal(offer(&batch, 100, 200, 0, "a"), 0);
	assert_string_equal(batch.items[0].name, "a");
	assert_null(batch.items[1].name);
	assert_int_equal(offer(&batch, 201, 300, 0, "b"), 0);
	assert_null(batch.items[1].name);
	assert_null(batch.items[2].name);
	batch_release(&batch);
}

static void test_preference(void **state)
{
	struct batch batch = three();

	(void)state;
	offer(&batch, 50, 400, 0, "outer");
	offer(&batch, 150, 250, 0, "inner");
	assert_string_equal(batch.items[0].name, "outer");
	assert_string_equal(batch.items[1].name, "inner");
	offer(&batch, 50, 400, 0, "outer");
	assert_string_equal(batch.items[1].name, "inner");
	offer(&batch, 50, 400, 1, "ranked");
	assert_string_equal(batch.items[1].name, "ranked");
	offer(&batch, 50, 400, 1, "short");
	assert_string_equal(batch.items[2].name, "short");
	offer(&batch, 50, 400, 1, "shorz");
	assert_string_equal(batch.items[2].name, "short");
	offer(&batch, 50, 400, 1, "sharp");
	assert_string_equal(batch.items[2].name, "sharp");
	offer(&batch, 299, 301, 0, "low");
	assert_string_equal(batch.items[2].name, "sharp");
	batch_item_clear(&batch.items[2]);
	assert_null(batch.items[2].name);
	batch_release(&batch);
}

static void test_visits_end(void **state)
{
	struct batch batch = three();

	(void)state;
	batch.visits = BATCH_VISITS_MAX - 1;
	assert_int_equal(offer(&batch, 0, 1000, 0, "x"), -E2BIG);
	assert_string_equal(batch.items[0].name, "x");
	assert_null(batch.items[1].name);
	batch_release(&batch);
}

/* Against the definition, item by item. */
static void test_random_against_scan(void **state)
{
	struct batch batch = {0};
	uint64_t start[400], end[400];

	(void)state;
	srand(7);
	for (uint32_t i = 0; i < 100; i++)
		batch_add(&batch, (uint64_t)(rand() % 1000), i);
	batch_sort(&batch);
	for (int i = 0; i < 400; i++) {
		char name[16];

		start[i] = (uint64_t)(rand() % 1000);
		end[i] = start[i] + (uint64_t)(rand() % 30);
		snprintf(name, sizeof(name), "%d", 1000 + i);
		offer(&batch, start[i], end[i], 0, name);
	}
	for (size_t k = 0; k < batch.count; k++) {
		int best = -1;

		for (int i = 0; i < 400; i++)
			if (batch.items[k].address >= start[i] && batch.items[k].address < end[i] &&
				(best < 0 || start[i] > start[best]))
				best = i;
		if (best < 0)
			assert_null(batch.items[k].name);
		else
			assert_int_equal(atoi(batch.items[k].name), 1000 + best);
	}
	batch_release(&batch);
}

/* A source of a higher rank may still know; others may not. */
static void test_disputed(void **state)
{
	struct batch batch = {0};

	(void)state;
	assert_int_equal(batch_add(&batch, 0x1000, 0), 0);
	batch_sort(&batch);
	assert_false(batch_item_is_disputed(&batch.items[0]));
	assert_int_equal(batch_offer(&batch, 0x1000, 0x1100, 3, "f", 1), 0);
	assert_false(batch_item_is_disputed(&batch.items[0]));
	batch_item_dispute(&batch.items[0], 5);
	assert_true(batch_item_is_disputed(&batch.items[0]));
	assert_int_equal(batch_offer(&batch, 0x1000, 0x1100, 5, "g", 1), 0);
	assert_int_equal(batch_offer(&batch, 0x1000, 0x1100, 4, "h", 1), 0);
	assert_true(batch_item_is_disputed(&batch.items[0]));
	assert_int_equal(batch_offer(&batch, 0x1000, 0x1100, 6, "i", 1), 0);
	assert_string_equal(batch.items[0].name, "i");
	batch_release(&batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sort_and_first), cmocka_unit_test(test_covers_half_open),
		cmocka_unit_test(test_preference), cmocka_unit_test(test_visits_end),
		cmocka_unit_test(test_random_against_scan),
		cmocka_unit_test(test_disputed),
	};

	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
