// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "symbolize/alias.h"

static bool is_of(const char *name, const char *function)
{
	return alias_is_of(name, strlen(name), function);
}

static void test_one_function(void **state)
{
	(void)state;
	assert_true(is_of("f", "f"));
	assert_true(is_of("f.cold", "f"));
	assert_true(is_of("f.isra.0.part.1", "f"));
	assert_true(is_of("f@@VERSION", "f"));
	assert_true(is_of("_ZL1fi", "f"));
	assert_true(is_of("_ZN12_GLOBAL__N_16methodEv", "method"));
	assert_true(is_of("read", "__libc_read"));
	assert_true(is_of("__read", "__libc_read"));
	assert_true(is_of("_ZN1AC2Ev", "_ZN1AC2Ev"));
}

static void test_another_function(void **state)
{
	char long_name[3000] = {0};

	(void)state;
	memset(long_name, 'a', sizeof(long_name) - 1);
	assert_false(is_of("g", "f"));
	assert_false(is_of("f2", "f"));
	assert_false(is_of("f", "f2"));
	assert_false(is_of("_ZL1gi", "f"));
	assert_false(is_of("_ZL2fgi", "f"));
	assert_false(is_of("_ZN1BC2Ev", "_ZN1AC2Ev"));
	assert_false(is_of("N1A", "_ZN1AC2Ev"));
	assert_false(is_of("fetch", "do_fetch"));
	assert_false(is_of("__", "__f"));
	assert_false(is_of("", "f"));
	assert_false(is_of("f", ""));
	assert_false(is_of("_Zx", long_name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_function), cmocka_unit_test(test_another_function),
	};

	return cmocka_run_group_tests_name("alias", tests, NULL, NULL);
}
