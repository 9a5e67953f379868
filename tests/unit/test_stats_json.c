// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "export/stats_json.h"
#include "export/text.h"
#include "made_trust.h"

static char *write_stats(const struct trust *trust)
{
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);

	assert_int_equal(stats_json_write(trust, stream), 0);
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void expect_in(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void golden(void **state)
{
	struct trust trust = made_trust();
	char expected[8192] = {0}, *text = write_stats(&trust);
	FILE *file = fopen("tests/golden/stats.json", "r");

	(void)state;
	assert_non_null(file);
	assert_true(fread(expected, 1, sizeof(expected) - 1, file) > 0);
	fclose(file);
	assert_string_equal(text, expected);
	free(text);
}

static void unknown_is_null(void **state)
{
	struct trust trust = made_trust();
	char *text;

	(void)state;
	trust.expected = trust.frequency_hz = TRUST_NULL;
	trust.kernel_ns_per_sample = trust.counter[COUNTER_not_run] = TRUST_NULL;
	trust.cpu_seconds = trust.ready_seconds = TRUST_NULL_SECONDS;
	trust.event = NULL;
	trust.kernel[0] = 0;
	text = write_stats(&trust);
	expect_in(text, "\"expected\": null");
	expect_in(text, "\"not_run\": null");
	expect_in(text, "\"kernel_ns_per_sample\": null");
	expect_in(text, "\"cpu_seconds\": null");
	expect_in(text, "\"ready_seconds\": null");
	expect_in(text, "\"frequency_hz\": null");
	expect_in(text, "\"event\": null");
	expect_in(text, "\"kernel\": null");
	free(text);
}

static void every_cause_is_a_key(void **state)
{
	struct trust trust = {0};
	char *text = write_stats(&trust);

	(void)state;
	for (int i = 0; i < COUNTERS; i++) {
		char key[64];

		if (counter_specs[i].class == CLASS_RUN)
			continue;
		snprintf(key, sizeof(key), "\"%s\": 0", counter_specs[i].name);
		expect_in(text, key);
	}
	expect_in(text, "\"unnamed\": {}");
	free(text);
}

static void hostile_files_are_keys(void **state)
{
	struct trust_unnamed unnamed[] = {
		{"a\"b\\c\nd\x1b", 5}, {"x\xff", 4}, {"x\xfe", 3}, {"\xc3\xa9", 2}};
	struct trust trust = {.unnamed = unnamed, .n_unnamed = 4};
	char *text = write_stats(&trust);
	uint32_t point;

	(void)state;
	expect_in(text, "\"a\\\"b\\\\c d \": 5");
	expect_in(text, "\"x\xef\xbf\xbd\": 7");
	expect_in(text, "\"\xc3\xa9\": 2");
	for (const char *at = text; *at;) {
		unsigned len = text_utf8(at, strlen(at), &point);

		assert_int_not_equal(len, 0);
		assert_true(point >= 0x20 || point == '\n');
		at += len;
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(unknown_is_null),
		cmocka_unit_test(every_cause_is_a_key),
		cmocka_unit_test(hostile_files_are_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
