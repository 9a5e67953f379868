// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/attribute_text.h"

static void test_valid(void **state)
{
	/* Pairs as key, value, ..., NULL. */
	static const struct {
		const char *text;
		const char *expected[9];
	} texts[] = {
		{"", {NULL}},
		{"a=b", {"a", "b"}},
		{"service.name=shop,service.version=1.2", {"service.name", "shop", "service.version", "1.2"}},
		{" a = b c\t,\td=e ", {"a", "b c", "d", "e"}},
		{"a%2Cb=c%3Dd,e=%e2%82%AC", {"a,b", "c=d", "e", "\xe2\x82\xac"}},
		{"a=b=c", {"a", "b=c"}},
		{"a=,b=%20", {"a", "", "b", " "}},
		{"a=b,,c=d,", {"a", "b", "c", "d"}},
		{"a=%00b", {"a", " b"}},
		{"a=%2541", {"a", "%41"}}, /* decoded once */
		{"k=\xff", {"k", "\xff"}},
		{"a=1,a=2", {"a", "1", "a", "2"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const char *const *expected = texts[i].expected, *key, *value;
		struct attributes attributes = {0};
		size_t at = 0;

		assert_int_equal(attributes_parse(&attributes, texts[i].text, strlen(texts[i].text)), 0);
		for (; *expected; expected += 2) {
			assert_true(attributes_next(&attributes, &at, &key, &value));
			assert_string_equal(key, expected[0]);
			assert_string_equal(value, expected[1]);
		}
		assert_false(attributes_next(&attributes, &at, &key, &value));
		assert_int_equal(attributes.count, (expected - texts[i].expected) / 2);
		attributes_release(&attributes);
	}
}

/* One bad pair, and nothing of the text is believed. */
static void test_invalid(void **state)
{
	static const char *const texts[] = {
		"a", "=b", " =b", "a=b,c", "a=b,=c", "a=%", "a=%4", "a=%4g", "a=%g4", "a=b%,c=d", "%=b", "a=% 4", "a=%-1", "a=%+1",
	};
	struct attributes attributes = {0};
	char *huge = malloc(ATTRIBUTE_TEXT_MAX + 1);

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(attributes_parse(&attributes, texts[i], strlen(texts[i])), -EINVAL);
	memset(huge, 'a', ATTRIBUTE_TEXT_MAX + 1);
	huge[1] = '=';
	assert_int_equal(attributes_parse(&attributes, huge, ATTRIBUTE_TEXT_MAX + 1), -EINVAL);
	assert_null(attributes.bytes.data);
	assert_int_equal(attributes_parse(&attributes, huge, ATTRIBUTE_TEXT_MAX), 0);
	assert_int_equal(attributes.count, 1);
	attributes_release(&attributes);
	free(huge);
}

static void test_find(void **state)
{
	const char *text = "a=1,ab=2,a=3,b=";
	struct attributes attributes;

	(void)state;
	assert_int_equal(attributes_parse(&attributes, text, strlen(text)), 0);
	assert_string_equal(attributes_find(&attributes, "a"), "3");
	assert_string_equal(attributes_find(&attributes, "ab"), "2");
	assert_string_equal(attributes_find(&attributes, "b"), "");
	assert_null(attributes_find(&attributes, "1"));
	attributes_release(&attributes);
	assert_null(attributes_find(&attributes, "a"));
}

static void test_put(void **state)
{
	static const char *const pairs[][2] = {{"service.name", "a,b=c;d %\"\\"}, {"k\xc3\xa9y", "\x01\x7f\xff"}, {"x", ""}};
	struct attributes attributes;
	const char *key, *value;
	struct buf text = {0};
	size_t at = 0;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(attribute_text_put(&text, pairs[i][0], strlen(pairs[i][0]), pairs[i][1], strlen(pairs[i][1])), 0);
	assert_int_equal(buf_putc(&text, 0), 0);
	assert_string_equal(text.data, "service.name=a%2Cb%3Dc%3Bd%20%25%22%5C,k%C3%A9y=%01%7F%FF,x=");
	assert_int_equal(attributes_parse(&attributes, text.data, text.len - 1), 0);
	for (int i = 0; i < 3; i++) {
		assert_true(attributes_next(&attributes, &at, &key, &value));
		assert_string_equal(key, pairs[i][0]);
		assert_string_equal(value, pairs[i][1]);
	}
	attributes_release(&attributes);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid), cmocka_unit_test(test_invalid), cmocka_unit_test(test_find),
		cmocka_unit_test(test_put),
	};

	return cmocka_run_group_tests_name("attribute_text", tests, NULL, NULL);
}
