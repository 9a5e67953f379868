// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "process/program.h"

enum { SHELL = 1, MAKE, CC };

static void test_execs(void **state)
{
	struct program program = {0}, parent = {.now = SHELL};

	(void)state;
	program_inherit(&program, &parent);
	assert_int_equal(program_at(&program, 50), SHELL);
	program_exec(&program, 100);
	assert_int_equal(program_at(&program, 150), 0);
	assert_true(program_takes_mapping(&program));
	program.now = MAKE;
	assert_false(program_takes_mapping(&program));
	program_exec(&program, 200);
	program.now = CC;
	assert_int_equal(program_at(&program, 99), 0); /* two execs back */
	assert_int_equal(program_at(&program, 100), MAKE);
	assert_int_equal(program_at(&program, 200), CC);
	program_inherit(&program, &parent);
	assert_int_equal(program_at(&program, 200), CC);
}

/* Records were lost: the exec that made it another program may have been among them. */
static void test_lost(void **state)
{
	struct program program = {.now = SHELL, .now_ns = 100, .read = CC};

	(void)state;
	program_settle(&program, true, 300);
	assert_int_equal(program_at(&program, 300), CC);
	assert_int_equal(program_at(&program, 299), 0);
	program.read = CC;
	program_settle(&program, true, 400);
	assert_int_equal(program_at(&program, 350), CC);
	program = (struct program){.now = 0, .now_ns = 100, .read = CC};
	program_settle(&program, false, 300);
	assert_int_equal(program_at(&program, 150), CC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_execs), cmocka_unit_test(test_lost)};

	return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
