// SPDX-License-Identifier: GPL-2.0-or-later
/* The crtbegin.o that this program itself was linked with; tests/tables holds those of all files against objdump. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "made_cfi.h"
#include "object/code_pattern.h"
#include "object/crtbegin.h"

/* The sanitizer puts functions of its own first in both arrays: none of crtbegin.o's is found there. */
#ifdef __SANITIZE_ADDRESS__
#define FUNCTIONS 0
#else
#define FUNCTIONS 4
#endif

static void test_patterns(void **state)
{
	static const struct {
		const char *pattern, *code;
		size_t size;
		bool matches;
	} rows[] = {
		{"c3", BYTES("\xc3"), true},
		{"c3", BYTES("\xc3\x90"), true},
		{"c3", BYTES("\xc2"), false},
		{"c390", BYTES("\xc3"), false},
		{"e8........c3", BYTES("\xe8\x01\x02\x03\x04\xc3"), true},
		{"e8........c3", BYTES("\xe8\x01\x02\x03\x04\xc2"), false},
		{"e8........", BYTES("\xe8\x01\x02\x03"), false},
		{"", BYTES(""), true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (code_pattern_matches(rows[i].pattern, (const uint8_t *)rows[i].code, rows[i].size) !=
			rows[i].matches)
			fail_msg("%s, row %zu", rows[i].pattern, i);
	assert_int_equal(code_pattern_size("e8........"), 5);
}

static int read_self(struct seen *seen)
{
	const struct row_sink sink = {seen_range, seen_row, seen};
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), err;
	struct elf elf;

	assert_int_equal(elf_init(&elf, fd), 0);
	err = crtbegin_rows(&elf, &sink);
	elf_release(&elf);
	close(fd);
	return err;
}

/* All four functions, one of which has a frame. */
static void test_this_program(void **state)
{
	const struct abi_rule entry = {.cfa = CFA_REGISTER, .reg = 7, .cfa_offset = 8, .ra_offset = -8};
	struct seen seen = {0};
	unsigned framed = 0;

	(void)state;
	assert_int_equal(read_self(&seen), 0);
	assert_int_equal(seen.ranges, FUNCTIONS);
	assert_int_equal(seen.rows, FUNCTIONS ? FUNCTIONS + 2 : 0);
	for (unsigned i = 0; i < seen.rows; i++)
		framed += !!memcmp(&seen.row[i].rule, &entry, sizeof(entry));
	assert_int_equal(framed, !!FUNCTIONS);
}

static void test_the_sinks_error(void **state)
{
	struct seen seen = {.fail = -12};

	(void)state;
	assert_int_equal(read_self(&seen), FUNCTIONS ? -12 : 0);
	assert_int_equal(seen.rows, !!FUNCTIONS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_this_program),
		cmocka_unit_test(test_the_sinks_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
