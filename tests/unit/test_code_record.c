// SPDX-License-Identifier: GPL-2.0-or-later
/* Strings and line tables of our own program, in the form of CPython 3.11, as its file has them. */
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

#include "runtime/code_record.h"
#include "runtime/cpython_code.h"

struct text {
	uint64_t object[2], length, hash;
	uint32_t state, pad;
	char data[24];
};

struct bytes {
	uint64_t object[2], size, hash;
	char data[8];
};

#define COMPACT_ASCII (1 << 2 | 1 << 5 | 1 << 6)

static const struct text file = {.length = 4, .state = COMPACT_ASCII, .data = "f.py"};
static const struct text name = {.length = 1, .state = COMPACT_ASCII, .data = "f"};
static const struct text qualname = {.length = 3, .state = COMPACT_ASCII, .data = "C.f"};
static const struct text loose = {.length = 1, .state = 1 << 2, .data = "x"};
static const struct text huge = {.length = 1ULL << 29, .state = COMPACT_ASCII, .data = "x"};
static const struct bytes lines = {.size = 4, .data = "\x80\x00\x81\x02"};
static const struct bytes endless = {.size = 1ULL << 40};

static const struct abi_cpython build = {
	.version = 0x030b,
	.unicode_kind = 2,
	.unicode_state = offsetof(struct text, state),
	.unicode_length = offsetof(struct text, length),
	.unicode_ascii = offsetof(struct text, data),
	.unicode_compact = offsetof(struct text, data),
	.bytes_size = offsetof(struct bytes, size),
	.bytes_data = offsetof(struct bytes, data),
};

static int first_bias(struct dl_phdr_info *info, size_t size, void *bias)
{
	(void)size;
	*(uint64_t *)bias = info->dlpi_addr;
	return 1;
}

#define ALL (CODE_UNREAD_FILE | CODE_UNREAD_NAME | CODE_UNREAD_QUALNAME | CODE_UNREAD_LINES)

static struct abi_code unread_of(const struct text *its_name, const struct bytes *its_lines)
{
	struct abi_code unread = {.code = 1, .start_ns = 2, .tgid = 3, .check = 4, .first_line = 5, .unread = ALL};

	dl_iterate_phdr(first_bias, &unread.bias);
	unread.file_at = (uint64_t)&file;
	unread.name_at = (uint64_t)its_name;
	unread.qualname_at = (uint64_t)&qualname;
	unread.lines_at = (uint64_t)its_lines;
	return unread;
}

static int complete_of(struct code_record *record, const struct abi_code *unread, size_t size)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), err;
	struct elf elf;

	assert_true(fd >= 0);
	assert_int_equal(elf_init(&elf, fd), 0);
	err = code_record_complete(record, unread, size, &build, &elf);
	elf_release(&elf);
	close(fd);
	return err;
}

static int complete(struct code_record *record, const struct abi_code *unread)
{
	return complete_of(record, unread, sizeof(*unread));
}

static void test_by_file(void **state)
{
	const struct abi_code unread = unread_of(&name, &lines);
	struct code_record record;
	struct cpython_code code;

	(void)state;
	assert_int_equal(complete(&record, &unread), 0);
	assert_int_equal(record.head.unread, 0);
	assert_int_equal(record.head.tgid, 3);
	assert_int_equal(record.head.check, 4);
	assert_int_equal(cpython_code_parse(&code, &record.head, code_record_size(&record)), 0);
	assert_string_equal(code.file, "f.py");
	assert_string_equal(code.function, "C.f");
	assert_int_equal(code.first_line, 5);
	assert_int_equal(code.lines_size, 4);
	assert_memory_equal(code.lines, lines.data, 4);
}

/* Too long to be one: names are cut, line tables left out. */
static void test_sizes(void **state)
{
	const struct abi_code unread = unread_of(&name, &endless), long_name = unread_of(&huge, &lines);
	struct code_record record;

	(void)state;
	assert_int_equal(complete(&record, &unread), 0);
	assert_int_equal(record.head.lines_size, 0);
	assert_int_equal(record.head.lines_left_out, 1);
	assert_int_equal(complete(&record, &long_name), 0);
	assert_int_equal(record.head.name.cut, 1);
	assert_int_equal(record.head.name.size, ABI_CODE_TEXT);
}

static void test_elsewhere(void **state)
{
	struct abi_code unread = unread_of(&loose, &lines);
	struct code_record record;

	(void)state;
	assert_int_equal(complete(&record, &unread), -EFAULT);
	unread = unread_of(&name, &lines);
	unread.name_at = (uint64_t)&record; /* the stack */
	assert_int_equal(complete(&record, &unread), -EFAULT);
	unread.name_at = UINT64_MAX - 8;
	assert_int_equal(complete(&record, &unread), -EFAULT);
}

/* File and lines are told, the names are not: each comes from where it is. */
static void test_both(void **state)
{
	struct {
		struct abi_code head;
		char file[4];
		uint8_t lines[2];
	} told = {unread_of(&name, &endless), "told", {0x80, 3}};
	struct code_record record;
	struct cpython_code code;

	(void)state;
	told.head.unread = CODE_UNREAD_NAME | CODE_UNREAD_QUALNAME;
	told.head.file = (struct abi_code_text){sizeof(told.file), 1, 1};
	told.head.lines_size = sizeof(told.lines);
	assert_int_equal(complete_of(&record, &told.head, sizeof(told.head) + 6), 0);
	assert_int_equal(cpython_code_parse(&code, &record.head, code_record_size(&record)), 0);
	assert_string_equal(code.file, "told\xe2\x80\xa6");
	assert_string_equal(code.function, "C.f");
	assert_int_equal(code.lines_size, 2);
	assert_memory_equal(code.lines, told.lines, 2);
	assert_int_equal(complete_of(&record, &told.head, sizeof(told.head) + 5), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_file),
		cmocka_unit_test(test_both),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
