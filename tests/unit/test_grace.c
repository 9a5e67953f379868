// SPDX-License-Identifier: GPL-2.0-or-later
/* The grace period: readable only once it is over, begun after the time it tells, freed while under way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <stdbool.h>

#include "base/clock.h"
#include "collect/grace.h"

#define LONG_MS 30000

static bool over(const struct grace *grace, int ms)
{
	struct pollfd poll_fd = {.fd = grace_fd(grace), .events = POLLIN};

	return poll(&poll_fd, 1, ms) == 1;
}

static void test_wait(void **state)
{
	struct grace *grace = grace_new();
	uint64_t last = 0;

	(void)state;
	assert_non_null(grace);
	assert_false(over(grace, 0));
	for (int i = 0; i < 5; i++) {
		uint64_t before = clock_now_ns(), until;

		grace_begin(grace);
		assert_true(over(grace, LONG_MS));
		until = grace_end(grace);
		assert_in_range(until, before, clock_now_ns());
		assert_true(until > last);
		last = until;
		assert_false(over(grace, 0));
	}
	grace_free(grace);
}

static void test_end_blocks(void **state)
{
	struct grace *grace = grace_new();
	uint64_t before = clock_now_ns(), until;

	(void)state;
	grace_begin(grace);
	until = grace_end(grace);
	assert_in_range(until, before, clock_now_ns());
	grace_free(grace);
}

static void test_freed_under_way(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct grace *grace = grace_new();

		grace_begin(grace);
		grace_free(grace);
	}
	grace_free(grace_new());
	grace_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_end_blocks),
		cmocka_unit_test(test_freed_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
