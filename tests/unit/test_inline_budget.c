// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "symbolize/inline_budget.h"

/* Frame 0 is in two stacks, in one of them twice; frame 1 in one. */
static void test_budget(void **state)
{
	const uint32_t first[] = {0, 1, 0}, second[] = {0};
	struct inline_budget budget;
	struct profile profile = {0};
	uint32_t id;

	(void)state;
	for (uint64_t i = 0; i < 2; i++)
		assert_int_equal(profile_frame(&profile, &(struct frame){FRAME_FILE, 0, i}, &id), 0);
	assert_int_equal(profile_stack(&profile, first, 3, &id), 0);
	assert_int_equal(profile_stack(&profile, second, 1, &id), 0);
	assert_int_equal(inline_budget_init(&budget, &profile), 0);
	assert_true(inline_budget_take(&budget, 0, 10));
	assert_int_equal(budget.left, INLINE_BUDGET - 30);
	assert_false(inline_budget_take(&budget, 1, INLINE_BUDGET - 29));
	assert_true(inline_budget_take(&budget, 1, INLINE_BUDGET - 30));
	assert_false(inline_budget_take(&budget, 0, 1));
	assert_true(inline_budget_take(&budget, 0, 0));
	inline_budget_release(&budget);
	profile_release(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_budget),
	};

	return cmocka_run_group_tests_name("inline_budget", tests, NULL, NULL);
}
