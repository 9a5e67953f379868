// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of a log, read back from stderr: no value breaks out of its quotes or its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/logger.h"

static char line[1024];

static void say(bool json, const char *message, const char *key, const char *value)
{
	int ends[2], before = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	logger_set_json(json);
	logger_say(LOG_WARNING, message, key, value, NULL);
	dup2(before, STDERR_FILENO);
	n = read(ends[0], line, sizeof(line) - 1);
	assert_true(n > 0);
	line[n] = 0;
	close(ends[0]);
	close(ends[1]);
	close(before);
}

/* Behind the time, which is 24 characters long. */
static void expect(const char *start, const char *rest)
{
	size_t skip = strlen(start) + sizeof("2026-11-25T22:22:44.635Z") - 1;

	assert_memory_equal(line, start, strlen(start));
	assert_string_equal(line + skip, rest);
}

static void test_logfmt(void **state)
{
	(void)state;
	say(false, "two words", "bare", "a-b/c:1%");
	expect("time=", " level=warning msg=\"two words\" bare=a-b/c:1%\n");
	say(false, "m", "k", "a=b");
	expect("time=", " level=warning msg=m k=\"a=b\"\n");
	say(false, "m", "k", "");
	expect("time=", " level=warning msg=m k=\"\"\n");
	say(false, "m", "k", "\"\\\n\x1b\x7f\tü");
	expect("time=", " level=warning msg=m k=\"\\\"\\\\\\u000a\\u001b\\u007f\\u0009ü\"\n");
}

static void test_json(void **state)
{
	(void)state;
	say(true, "two words", "k", "\"}\n{\"");
	expect("{\"time\":\"", "\",\"level\":\"warning\",\"msg\":\"two words\",\"k\":\"\\\"}\\u000a{\\\"\"}\n");
}

static void test_numbers(void **state)
{
	(void)state;
	assert_string_equal(logger_number(0), "0");
	assert_string_equal(logger_number(1795646653), "1795646653");
	assert_string_equal(logger_number(0.5), "0.5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logfmt),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
