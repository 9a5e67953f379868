// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "symbolize/perf_map.h"

static uint64_t resolve(const char *text, size_t len, struct batch *batch)
{
	int fd = memfd_create("map", MFD_CLOEXEC);
	uint64_t refused = 12345;

	assert_int_equal(pwrite(fd, text, len, 0), len);
	assert_int_equal(perf_map_resolve(fd, batch, &refused), 0);
	close(fd);
	return refused;
}

static struct batch four(void)
{
	struct batch batch = {0};

	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(batch_add(&batch, 0x1000 * (i + 1), i), 0);
	batch_sort(&batch);
	return batch;
}

#define RESOLVE(text, batch) resolve(text, sizeof(text) - 1, batch)

static void test_lines(void **state)
{
	struct batch batch = four();

	(void)state;
	assert_int_equal(RESOLVE("1000 10 void Foo::bar(int, char)\n0x2000 0X10 hex\r\n2fF0 10 before\n"
				 "4000  1   spaces\n", &batch), 0);
	assert_string_equal(batch.items[0].name, "void Foo::bar(int, char)");
	assert_string_equal(batch.items[1].name, "hex");
	assert_null(batch.items[2].name);
	assert_string_equal(batch.items[3].name, "spaces");
	batch_release(&batch);
}

/* JITs append: the last line is what is there now, however it overlaps. */
static void test_last_wins(void **state)
{
	struct batch batch = four();

	(void)state;
	assert_int_equal(RESOLVE("1000 10 old\n500 2000 wide\n1800 1000 late\n", &batch), 0);
	assert_string_equal(batch.items[0].name, "wide");
	assert_string_equal(batch.items[1].name, "late");
	batch_release(&batch);
}

static void test_refused(void **state)
{
	static const char *const lines[] = {"\n", "1000\n", "1000 10\n", "1000 10 \n", "x 10 a\n",
		"1000 x a\n", "10000000000001000 10 a\n", "1000 ffffffffffffffff a\n",
		"1000 20000000 a\n", "1000 0 a\n", "fffffffffffffff0 11 a\n", "1000 10 unfinished",
		"-1000 10 a\n", "1000\t10\ta\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct batch batch = four();

		assert_int_equal(resolve(lines[i], strlen(lines[i]), &batch), 1);
		assert_null(batch.items[0].name);
		batch_release(&batch);
	}
}

static void test_long_lines(void **state)
{
	struct batch batch = four();
	size_t lengths[] = {PERF_MAP_LINE_MAX + 1, 65536, 300000};
	struct buf text = {0};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		buf_puts(&text, "1000 10 ");
		for (size_t n = 0; n < lengths[i]; n++)
			buf_putc(&text, '1');
		buf_puts(&text, "\n2000 10 next\n");
	}
	assert_int_equal(resolve(text.data, text.len, &batch), 3);
	assert_null(batch.items[0].name);
	assert_string_equal(batch.items[1].name, "next");
	buf_release(&text);
	batch_release(&batch);
}

static void test_million(void **state)
{
	struct batch batch = {0};
	struct buf text = {0};
	struct timespec from, to;
	double seconds;

	(void)state;
	for (uint64_t i = 0; i < 1000000; i++)
		buf_printf(&text, "%llx 40 Function_%llu:/some/file.js:12\n",
			0x7f0000000000ull + i * 64, (unsigned long long)i);
	for (uint32_t i = 0; i < 1000; i++)
		batch_add(&batch, 0x7f0000000000ull + i * 64000ull + 3, i);
	batch_sort(&batch);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	assert_int_equal(resolve(text.data, text.len, &batch), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	print_message("1,000,000 lines, 1,000 addresses: %.0f ms\n", seconds * 1e3);
	assert_true(seconds < 3);
	assert_string_equal(batch.items[7].name, "Function_7000:/some/file.js:12");
	buf_release(&text);
	batch_release(&batch);
}

static void test_unreadable(void **state)
{
	struct batch batch = four();
	uint64_t refused = 5;

	(void)state;
	assert_int_equal(perf_map_resolve(-1, &batch, &refused), -EIO);
	assert_int_equal(refused, 5);
	batch_release(&batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines), cmocka_unit_test(test_last_wins),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_million), cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests_name("perf_map", tests, NULL, NULL);
}
