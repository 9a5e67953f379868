// SPDX-License-Identifier: GPL-2.0-or-later
/* Lengths of time, and points in time, as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "base/number.h"
#include "cmd/query_options.h"

#define SECOND INT64_C(1000000000)
#define NOW (1795646000 * SECOND)

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {{"10s", 10000000000}, {"1.5s", 1500000000}, {"10m", 600000000000}, {"2h", 7200000000000},
		{"14d", 14 * 86400000000000}, {"0s", 0}, {"0.000000001s", 1}};
	static const char *const bad[] = {"", "s", "10", "-1s", "10 m", "10w", "1e3s", "ten m", "10ms", "1.s s"};
	uint64_t ns = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (number_duration(bad[i], &ns) != -EINVAL)
			fail_msg("'%s'", bad[i]);
		assert_int_equal(ns, 7);
	}
	assert_int_equal(number_duration("999999999d", &ns), -ERANGE);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(number_duration(good[i].text, &ns), 0);
		assert_int_equal(ns, good[i].ns);
	}
}

static int64_t at(const char *text)
{
	int64_t ns = -1;

	if (query_time_parse(text, NOW, &ns))
		fail_msg("'%s'", text);
	return ns;
}

static void test_points(void **state)
{
	static const char *const bad[] = {"", "yesterday", "14:30", "2026-13-01", "2026-11-25 25:00", "2026-11-25T14:30+01:00",
		"2026-11-25x", "99999999d", "-5m"};
	int64_t ns = 7;

	(void)state;
	assert_int_equal(at("now"), NOW);
	assert_int_equal(at("10m"), NOW - 600 * SECOND);
	assert_int_equal(at("2026-11-25T14:30Z"), 1795617000 * SECOND);
	assert_int_equal(at("2026-11-25T14:30:05Z"), 1795617005 * SECOND);
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	assert_int_equal(at("2026-11-25 14:30"), 1795613400 * SECOND); /* one hour ahead of UTC */
	assert_int_equal(at("2026-07-01"), 1782856800 * SECOND);       /* two */
	assert_int_equal(at("2026-11-25 14:30Z"), 1795617000 * SECOND);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (query_time_parse(bad[i], NOW, &ns) != -EINVAL)
			fail_msg("'%s'", bad[i]);
		assert_int_equal(ns, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_durations), cmocka_unit_test(test_points)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
