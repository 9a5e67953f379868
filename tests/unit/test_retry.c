// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "send/retry.h"

static bool worth(enum otlp_outcome outcome, unsigned status, bool has_delay)
{
	const struct otlp_answer answer = {.outcome = outcome, .status = status, .has_delay = has_delay};

	return retry_is_worth(&answer);
}

static void which_http_statuses(void **state)
{
	(void)state;
	for (unsigned status = 100; status < 600; status++) {
		bool wanted = status == 429 || status == 502 || status == 503 || status == 504;

		assert_int_equal(worth(OTLP_HTTP_STATUS, status, false), wanted);
		assert_int_equal(worth(OTLP_HTTP_STATUS, status, true), wanted);
	}
}

/* OTLP 1.10, "Failures": its table, in the order of the codes. */
static void which_grpc_statuses(void **state)
{
	static const char yes[] = ".y..y.....yy..yy.";

	(void)state;
	for (unsigned status = 0; status < 32; status++) {
		bool wanted = status < strlen(yes) && yes[status] == 'y';

		assert_int_equal(worth(OTLP_GRPC_STATUS, status, false), wanted);
		assert_int_equal(worth(OTLP_GRPC_STATUS, status, true), wanted || status == GRPC_RESOURCE_EXHAUSTED);
	}
}

static void what_did_not_come_so_far(void **state)
{
	(void)state;
	assert_true(worth(OTLP_NO_ANSWER, 0, false));
	assert_false(worth(OTLP_NOT_TRUSTED, 0, false));
	assert_false(worth(OTLP_IMPOSSIBLE, 0, false));
	assert_false(worth(OTLP_STOPPED, 0, false));
}

/* The most that can come out of chance: bounds double up to the largest, and there is an end. */
static void waits_double_and_end(void **state)
{
	const struct otlp_answer answer = {.outcome = OTLP_NO_ANSWER};
	static const uint64_t seconds[] = {1, 2, 4, 8, 16, 16};
	struct retry retry = retry_begin(1000, 10000);
	uint64_t now = 1000, wait;

	(void)state;
	for (unsigned i = 0; i < sizeof(seconds) / sizeof(*seconds); i++) {
		/* The bound itself: chance is taken modulo bound + 1. */
		assert_true(retry_next(&retry, &answer, now, seconds[i] * NS_PER_SECOND, &wait));
		assert_int_equal(wait, seconds[i] * NS_PER_SECOND);
		now += wait;
	}
	assert_true(retry_next(&retry, &answer, now, 0, &wait));
	assert_int_equal(wait, 0);
	assert_false(retry_next(&retry, &answer, now, 14 * NS_PER_SECOND, &wait));
	assert_false(retry_next(&retry, &answer, 1000 + 60 * NS_PER_SECOND, 0, &wait));
}

static void the_end_follows_the_timeout(void **state)
{
	const struct otlp_answer answer = {.outcome = OTLP_NO_ANSWER};
	struct retry retry = retry_begin(0, 100);
	uint64_t wait;

	(void)state;
	assert_true(retry_next(&retry, &answer, NS_PER_SECOND / 2, 0, &wait));
	assert_false(retry_next(&retry, &answer, NS_PER_SECOND * 6 / 10, 0, &wait));
	retry = retry_begin(0, 0);
	assert_true(retry_next(&retry, &answer, 59 * NS_PER_SECOND, 0, &wait));
	assert_false(retry_next(&retry, &answer, 60 * NS_PER_SECOND, 0, &wait));
}

static void what_the_server_asks_for_is_waited(void **state)
{
	struct otlp_answer answer = {.outcome = OTLP_HTTP_STATUS, .status = 503, .has_delay = true,
		.delay_ns = 20 * NS_PER_SECOND};
	struct retry retry = retry_begin(0, 10000);
	uint64_t wait;

	(void)state;
	assert_true(retry_next(&retry, &answer, 0, 5, &wait));
	assert_int_equal(wait, 20 * NS_PER_SECOND + 5);
	answer.delay_ns = 61 * NS_PER_SECOND;
	assert_false(retry_next(&retry, &answer, 0, 0, &wait));
	answer.delay_ns = UINT64_C(86400) * NS_PER_SECOND;
	assert_false(retry_next(&retry, &answer, 0, UINT64_MAX, &wait));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which_http_statuses),
		cmocka_unit_test(which_grpc_statuses),
		cmocka_unit_test(what_did_not_come_so_far),
		cmocka_unit_test(waits_double_and_end),
		cmocka_unit_test(the_end_follows_the_timeout),
		cmocka_unit_test(what_the_server_asks_for_is_waited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
