// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of versions, and _Py_DebugOffsets that are made up: each word's value is its number times 8. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "runtime/cpython_offsets.h"

#define WORDS (CPYTHON_DEBUG_OFFSETS / 8)

static void make(uint64_t words[WORDS], uint32_t version, uint64_t free_threaded)
{
	for (uint64_t i = 0; i < WORDS; i++)
		words[i] = i * 8;
	memcpy(words, "xdebugpy", 8);
	words[1] = version;
	words[2] = free_threaded;
	words[5] = 632;
}

static void test_versions(void **state)
{
	(void)state;
	for (unsigned minor = 0; minor < 20; minor++) {
		struct abi_cpython abi = {0};
		uint64_t head;
		int err = cpython_offsets_of_version(&abi, (uint16_t)(0x0300 | minor), &head);

		assert_int_equal(err, minor >= 6 && minor <= 12 ? 0 : -ENOTSUP);
		assert_int_equal(abi.version, err ? 0 : 0x0300 | minor);
		if (err)
			continue;
		assert_true(abi.code_lines <= ABI_CODE_BLOCK - 8 && abi.code_file <= ABI_CODE_BLOCK - 8);
		assert_true(abi.code_block % 8 == 0 && abi.code_first_line % 4 == 0);
		assert_int_equal(abi.code_qualname == 0xff, minor < 11);
	}
}

static void test_published(void **state)
{
	static const struct {
		uint32_t version;
		uint64_t free_threaded;
		uint8_t owner_max, tagged, kind;
	} rows[] = {{0x030d00f0, 0, 3, 0, 2}, {0x030d00f0, 1, 3, 0, 2}, {0x030e0af0, 0, 4, 3, 2},
		{0x030e00f0, 1, 4, 3, 8}, {0x030f02f0, 0, 4, 3, 2}, {0x030f00a1, 1, 4, 3, 8}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t words[WORDS], head;
		struct abi_cpython abi;

		make(words, rows[i].version, rows[i].free_threaded);
		assert_int_equal(cpython_offsets_parse(&abi, (const uint8_t *)words, sizeof(words), &head), 0);
		assert_int_equal(head, 632);
		assert_int_equal(abi.version, rows[i].version >> 16);
		assert_int_equal(abi.frames, CPYTHON_CURRENT_FRAME);
		assert_int_equal(abi.interp_next, 64);
		assert_int_equal(abi.owner_max, rows[i].owner_max);
		assert_int_equal(abi.tagged, rows[i].tagged);
		assert_int_equal(abi.unicode_kind, rows[i].kind);
		assert_int_equal(abi.frame_tlbc != 0xffff,
			rows[i].free_threaded && rows[i].version >> 16 > 0x030d);
	}
}

static void test_refused(void **state)
{
	uint64_t words[WORDS], head = 1;
	struct abi_cpython abi = {.version = 1};

	(void)state;
	make(words, 0x031000f0, 0);
	assert_int_equal(cpython_offsets_parse(&abi, (const uint8_t *)words, sizeof(words), &head), -ENOTSUP);
	make(words, 0x030d00f0, 0);
	words[0]++;
	assert_int_equal(cpython_offsets_parse(&abi, (const uint8_t *)words, sizeof(words), &head), -ENOTSUP);
	for (size_t size = 0; size < 71 * 8; size += 4) {
		make(words, 0x030d00f0, 0);
		assert_int_equal(cpython_offsets_parse(&abi, (const uint8_t *)words, size, &head), -ENOTSUP);
	}
	for (unsigned i = 0; i < 9; i++) { /* members that can lie nowhere */
		static const struct {
			unsigned word;
			uint64_t value;
		} bad[] = {{8, 0xffff}, {9, UINT64_MAX}, {23, 1ULL << 32}, {5, 1ULL << 40}, {35, 1}, {36, 4096},
			{38, 3}, {39, 2}, {43, 0x10000}};

		make(words, 0x030d00f0, 0);
		words[bad[i].word] = bad[i].value;
		assert_int_equal(cpython_offsets_parse(&abi, (const uint8_t *)words, sizeof(words), &head),
			-ENOTSUP);
	}
	assert_int_equal(abi.version, 1);
	assert_int_equal(head, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
