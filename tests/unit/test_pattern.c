// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "report/pattern.h"

static bool matches(const char *text, const char *name)
{
	struct pattern pattern = {0};
	struct fault fault = {""};
	bool found;

	if (pattern_init(&pattern, text, &fault))
		fail_msg("%s: %s", text, fault.text);
	found = pattern_matches(&pattern, name);
	pattern_release(&pattern);
	return found;
}

static void finds_anywhere(void **state)
{
	(void)state;
	assert_true(matches("parse", "json_parse_[k]"));
	assert_false(matches("^parse", "json_parse"));
	assert_true(matches("_\\[k]$", "vfs_read_[k]"));
	assert_true(matches("a|b{2,3}c+", "xbbbc"));
	assert_true(matches("[]a[:digit:]-]+\\(", "operator(]7-("));
	assert_true(matches("\\[truncated: (corrupt|depth_limit)\\]", "[truncated: corrupt]"));
	assert_true(matches("(a|b)*(c*d){2}([xy]+z?)+$", "babacdddyxzx"));
	assert_true(matches("a{500}", "no") == false);
	assert_true(matches("\xc3\xa9t\xc3\xa9", "l'\xc3\xa9t\xc3\xa9"));
}

static void refuse(const char *text, const char *why)
{
	struct pattern pattern = {0};
	struct fault fault = {""};

	assert_int_equal(pattern_init(&pattern, text, &fault), -EINVAL);
	assert_null(pattern.text);
	if (!strstr(fault.text, why))
		fail_msg("%s: not '%s'", fault.text, why);
	assert_true(fault.text[0] == '\'' && !strncmp(fault.text + 1, text, strlen(text) < 200 ? strlen(text) : 200));
	assert_null(strchr(fault.text, '\n'));
}

static void what_is_no_expression_is_refused(void **state)
{
	(void)state;
	refuse("(", "(");
	refuse("a{2,1}", "Invalid");
	refuse("[a", "");
	refuse("[[:digits:]]", "class");
	refuse("", "empty");
}

/* Each of these costs glibc gigabytes, or years. */
static void what_would_cost_too_much_is_refused(void **state)
{
	char text[PATTERN_MAX + 2];

	(void)state;
	refuse("((a{1,200}){1,200}){1,200}", "repeats too much");
	refuse("(((((((((((((((((((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)", "repeats too much");
	refuse("(xy){32767}", "repeats too much");
	refuse("a{9999999999999999999}", "repeats too much");
	refuse("a**{4,9}{4,9}", "may be empty");
	refuse("((a|b*|c)(^|$)\\b){2}", "may be empty");
	refuse("a****************************************b", "may be empty");
	refuse("(a*)*", "may be empty");
	refuse("a.*?b", "may be empty");
	refuse("(a|)+", "may be empty");
	refuse("((a|b)*)(\\1)*$", "back references");
	memset(text, '(', sizeof(text));
	text[PATTERN_DEPTH + 1] = 0;
	refuse(text, "groups");
	memset(text, 'a', sizeof(text));
	text[PATTERN_MAX + 1] = 0;
	refuse(text, "4,096");
	text[PATTERN_MAX] = 0;
	assert_true(matches(text, text));
}

/* Bytes that end anywhere: the reader of costs stays inside. */
static void random_bytes_do_no_harm(void **state)
{
	static const char bytes[] = "()[]{}|*+?\\^$.:=-,0129a\xff";

	(void)state;
	srand(6);
	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)rand() % 24;
		char *text = malloc(len + 1); /* of its own size, so that a sanitizer sees every byte too many */
		struct pattern pattern = {0};
		struct fault fault;

		assert_non_null(text);
		for (size_t j = 0; j < len; j++)
			text[j] = bytes[(size_t)rand() % (sizeof(bytes) - 1)];
		text[len] = 0;
		if (!pattern_init(&pattern, text, &fault))
			pattern_matches(&pattern, "a0129::");
		pattern_release(&pattern);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_anywhere),
		cmocka_unit_test(what_is_no_expression_is_refused),
		cmocka_unit_test(what_would_cost_too_much_is_refused),
		cmocka_unit_test(random_bytes_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
