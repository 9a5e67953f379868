// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "process/maps.h"

static struct maps_line line;

static int parse(const char *text)
{
	return maps_parse(text, strlen(text), &line);
}

static void test_fields(void **state)
{
	(void)state;
	assert_int_equal(parse("7f0a10000000-7f0a10021000 r-xp 0001f000 103:02 1234567      "
			       "              /usr/lib/libc.so.6"), 0);
	assert_int_equal(line.start, 0x7f0a10000000);
	assert_int_equal(line.end, 0x7f0a10021000);
	assert_int_equal(line.offset, 0x1f000);
	assert_int_equal(line.major, 0x103);
	assert_int_equal(line.minor, 2);
	assert_int_equal(line.inode, 1234567);
	assert_true(line.executable);
	assert_int_equal(line.kind, MAPS_FILE);
	assert_string_equal(line.path, "/usr/lib/libc.so.6");
	assert_int_equal(parse("1000-2000 rw-p 00000000 00:00 0"), 0);
	assert_false(line.executable);
	assert_string_equal(line.path, "");
}

struct named {
	const char *text;
	const char *path;
	enum maps_kind kind;
	bool deleted;
};

static void test_names(void **state)
{
	static const struct named named[] = {
		{ "7 /tmp/a b (deleted)", "/tmp/a b", MAPS_FILE, true },
		{ "7 /tmp/a\\012b", "/tmp/a\nb", MAPS_FILE, false },
		{ "7 /tmp/a\\011b\\", "/tmp/a\\011b\\", MAPS_FILE, false },
		{ "0 [vdso]", "[vdso]", MAPS_VDSO, false },
		{ "0 [vsyscall]", "[vsyscall]", MAPS_VSYSCALL, false },
		{ "0 [heap]", "[heap]", MAPS_ANON, false },
		{ "0 [anon:v8]", "[anon:v8]", MAPS_ANON, false },
		{ "0", "", MAPS_ANON, false },
		{ "0 //anon", "//anon", MAPS_ANON, false },
		{ "9 /dev/zero (deleted)", "/dev/zero", MAPS_ANON, true },
		{ "9 /SYSV0000002a (deleted)", "/SYSV0000002a", MAPS_ANON, true },
		{ "9 /memfd:x (deleted)", "/memfd:x", MAPS_FILE, true },
		{ "9 /memfd:doublemapper (deleted)", "/memfd:doublemapper", MAPS_ANON, true },
		{ "9 anon_inode:[perf_event]", "anon_inode:[perf_event]", MAPS_ANON, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text), "1000-2000 r-xp 00000000 00:01 %s", named[i].text);
		assert_int_equal(parse(text), 0);
		assert_string_equal(line.path, named[i].path);
		assert_int_equal(line.kind, named[i].kind);
		assert_int_equal(line.deleted, named[i].deleted);
	}
}

static void test_refused(void **state)
{
	static const char *const bad[] = { "", "-", "2000-1000 r-xp 0 00:00 0",
		"1000-1000 r-xp 0 00:00 0", "1000-2000 r-", "1000-2000 r-xp 0 00:0",
		"11112222333344445-2 r-xp 0 00:00 0", "1000-2000 r-xp 0 00:00 x",
		"1000-2000 r-xp 0 100000000:00 1" };
	static char text[MAPS_PATH + 64];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(bad[i]), -EBADMSG);
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "1000-2000 r-xp 0 00:01 1 /", 26);
	assert_int_equal(parse(text), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
