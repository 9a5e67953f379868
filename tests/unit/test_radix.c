// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/radix.h"

static void numbers_of_all_sizes_are_sorted_and_equal_ones_keep_their_order(void **state)
{
	static const unsigned widths[] = {1, 3, 8, 9, 33, 64};
	static struct radix_item items[5000];
	uint64_t random = 88172645463325252u;

	(void)state;
	for (unsigned w = 0; w < sizeof(widths) / sizeof(*widths); w++) {
		for (uint32_t i = 0; i < 5000; i++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			items[i] = (struct radix_item){random >> (64 - widths[w]), i};
		}
		assert_int_equal(radix_sort(items, 5000), 0);
		for (uint32_t i = 1; i < 5000; i++) {
			assert_true(items[i - 1].key <= items[i].key);
			assert_true(items[i - 1].key < items[i].key || items[i - 1].value < items[i].value);
		}
	}
}

static void nothing_and_one_are_sorted(void **state)
{
	struct radix_item one = {7, 1};

	(void)state;
	assert_int_equal(radix_sort(NULL, 0), 0);
	assert_int_equal(radix_sort(&one, 1), 0);
	assert_int_equal(one.key, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_all_sizes_are_sorted_and_equal_ones_keep_their_order),
		cmocka_unit_test(nothing_and_one_are_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
