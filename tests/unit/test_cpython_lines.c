// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tables are of one function, compiled by CPython 3.8, 3.10 and 3.12, and the lines are what PyCode_Addr2Line() of
 * each says (0: none): a loop with a try, expressions over several lines, a with statement, and a return 180 lines
 * below.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "runtime/cpython_lines.h"

struct run { /* from an offset on */
	uint32_t offset, line;
};

static const uint8_t lnotab_table[] = {
	0x00, 0x01, 0x04, 0x01, 0x0c, 0x01, 0x02, 0x01, 0x0c, 0x03, 0x02, 0x00, 0x06, 0xff, 0x02, 0xfe,
	0x04, 0x04, 0x02, 0xfc, 0x0a, 0x05, 0x04, 0x01, 0x02, 0xff, 0x0e, 0x02, 0x02, 0x01, 0x02, 0xff,
	0x02, 0x01, 0x02, 0xff, 0x14, 0x02, 0x0a, 0x00, 0x14, 0x7f, 0x00, 0x36,
};

static const struct run lnotab_runs[] = {
	{0, 2}, {4, 3}, {16, 4}, {18, 5}, {30, 8}, {38, 7}, {40, 5}, {44, 9}, {46, 5}, {56, 10}, {60, 11},
	{62, 10}, {76, 12}, {78, 13}, {80, 12}, {82, 13}, {84, 12}, {104, 14}, {134, 195},
};
#define LNOTAB_END 138

static const uint8_t linetable_table[] = {
	0x04, 0x01, 0x0c, 0x01, 0x02, 0x01, 0x0c, 0x01, 0x08, 0x03, 0x02, 0xff, 0x04, 0xfe, 0x02, 0x04,
	0x0a, 0xfc, 0x04, 0x05, 0x02, 0x01, 0x0c, 0xff, 0x02, 0x02, 0x02, 0x01, 0x02, 0xff, 0x02, 0x01,
	0x02, 0xff, 0x08, 0x80, 0x02, 0xfe, 0x30, 0x04, 0x02, 0x80, 0x00, 0x7f, 0x04, 0x36,
};

static const struct run linetable_runs[] = {
	{0, 2}, {4, 3}, {16, 4}, {18, 5}, {30, 8}, {38, 7}, {40, 5}, {44, 9}, {46, 5}, {56, 10}, {60, 11},
	{62, 10}, {74, 12}, {76, 13}, {78, 12}, {80, 13}, {82, 12}, {84, 0}, {92, 10}, {94, 14}, {142, 0},
	{144, 195},
};
#define LINETABLE_END 148

static const uint8_t locations_table[] = {
	0x80, 0x00, 0xd8, 0x0c, 0x0d, 0x80, 0x45, 0xdc, 0x0d, 0x12, 0x90, 0x31, 0x8b, 0x58, 0xf2, 0x00,
	0x0b, 0x05, 0x2e, 0x88, 0x01, 0xf0, 0x02, 0x09, 0x09, 0x21, 0xd8, 0x0c, 0x11, 0xf0, 0x06, 0x00,
	0x15, 0x16, 0x90, 0x71, 0x98, 0x31, 0x91, 0x75, 0xf0, 0x03, 0x01, 0x1a, 0x1e, 0xf6, 0x05, 0x04,
	0x16, 0x0e, 0xe0, 0x14, 0x15, 0xf0, 0x03, 0x00, 0x11, 0x12, 0x90, 0x44, 0x93, 0x08, 0xf2, 0x03,
	0x04, 0x16, 0x0e, 0xf0, 0x08, 0x00, 0x0f, 0x10, 0xf1, 0x09, 0x04, 0x16, 0x11, 0xf1, 0x00, 0x04,
	0x0d, 0x11, 0x88, 0x45, 0xf4, 0x12, 0x00, 0x0e, 0x12, 0x90, 0x2b, 0xd3, 0x0d, 0x1e, 0xd0, 0x08,
	0x2d, 0xa0, 0x21, 0xa0, 0x51, 0xa7, 0x56, 0xa1, 0x56, 0xa4, 0x58, 0xd7, 0x08, 0x2d, 0xd0, 0x08,
	0x2d, 0xf0, 0x17, 0x0b, 0x05, 0x2e, 0xf0, 0x40, 0x06, 0x00, 0x0c, 0x11, 0x80, 0x4c, 0xf9, 0xf2,
	0x7d, 0x05, 0x04, 0x16, 0x0e, 0xf8, 0xf4, 0x0a, 0x00, 0x11, 0x1b, 0xdc, 0x10, 0x18, 0xf0, 0x03,
	0x01, 0x10, 0x1a, 0xf2, 0x00, 0x03, 0x09, 0x21, 0xe4, 0x12, 0x1e, 0xd8, 0x10, 0x14, 0xf3, 0x03,
	0x01, 0x13, 0x16, 0xd8, 0x1b, 0x20, 0xf0, 0x03, 0x01, 0x0d, 0x21, 0xfb, 0xf0, 0x05, 0x03, 0x09,
	0x21, 0xfa, 0xf7, 0x08, 0x00, 0x09, 0x2e, 0xd0, 0x08, 0x2d, 0xfa,
};

static const struct run locations_runs[] = {
	{0, 1}, {2, 2}, {6, 3}, {34, 4}, {36, 5}, {38, 8}, {48, 7}, {50, 5}, {64, 7}, {66, 6}, {78, 5},
	{84, 9}, {86, 5}, {96, 14}, {170, 3}, {172, 195}, {176, 0}, {180, 5}, {186, 0}, {188, 10}, {198,
	11}, {208, 10}, {216, 12}, {226, 13}, {228, 12}, {236, 13}, {238, 12}, {240, 0}, {248, 10}, {250,
	0}, {256, 14}, {274, 0},
};
#define LOCATIONS_END 280

static void assert_runs(const struct cpython_lines *lines, const struct run *runs, size_t n, uint32_t end)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t until = i + 1 < n ? runs[i + 1].offset : end;

		for (uint32_t at = runs[i].offset; at < until; at += 2)
			assert_int_equal(cpython_lines_find(lines, at), runs[i].line);
	}
}

#define RUNS(runs) runs, sizeof(runs) / sizeof(*(runs))

static void lines_are_those_that_cpython_says(void **state)
{
	const struct cpython_lines lnotab = {CPYTHON_LNOTAB, lnotab_table, sizeof(lnotab_table), 1};
	const struct cpython_lines linetable = {CPYTHON_LINETABLE, linetable_table, sizeof(linetable_table), 1};
	const struct cpython_lines locations = {CPYTHON_LOCATIONS, locations_table, sizeof(locations_table), 1};

	(void)state;
	assert_runs(&lnotab, RUNS(lnotab_runs), LNOTAB_END);
	assert_runs(&linetable, RUNS(linetable_runs), LINETABLE_END);
	assert_runs(&locations, RUNS(locations_runs), LOCATIONS_END);
}

static void beyond_the_table_there_is_no_line(void **state)
{
	const struct cpython_lines linetable = {CPYTHON_LINETABLE, linetable_table, sizeof(linetable_table), 1};
	const struct cpython_lines locations = {CPYTHON_LOCATIONS, locations_table, sizeof(locations_table), 1};

	(void)state;
	assert_int_equal(cpython_lines_find(&linetable, LINETABLE_END), 0);
	assert_int_equal(cpython_lines_find(&locations, LOCATIONS_END), 0);
	assert_int_equal(cpython_lines_find(&locations, UINT32_MAX), 0);
}

/* The first entry of a location table at offset 0, on a code object of line 10. */
static uint32_t first_of(const char *bytes, size_t size)
{
	const struct cpython_lines lines = {CPYTHON_LOCATIONS, (const uint8_t *)bytes, size, 10};

	return cpython_lines_find(&lines, 0);
}

static void hostile_locations_have_no_line(void **state)
{
	(void)state;
	assert_int_equal(first_of("\xe8\x06", 2), 13);         /* three lines on, without columns */
	assert_int_equal(first_of("\xe8\x07", 2), 7);          /* three back */
	assert_int_equal(first_of("\xe8\x15", 2), 0);          /* line 0 */
	assert_int_equal(first_of("\xe8", 1), 0);              /* its number is not there */
	assert_int_equal(first_of("\x68\x06", 2), 0);          /* no entry begins so */
	assert_int_equal(first_of("\xe8\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x01", 9), 0); /* more than 32 bits */
	assert_int_equal(first_of("\xf8", 1), 0);              /* none, as it says */
	assert_int_equal(first_of("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_those_that_cpython_says),
		cmocka_unit_test(beyond_the_table_there_is_no_line),
		cmocka_unit_test(hostile_locations_have_no_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
