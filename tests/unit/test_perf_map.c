// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
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

/* 10 GB without a line: given up soon, with all that it could name. */
static void test_sparse(void **state)
{
	static const char text[] = "1000 10 before\n", tail[] = "\n2000 10 behind\n";
	struct batch batch = four();
	struct timespec from, to;
	uint64_t refused;
	int fd = memfd_create("map", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(pwrite(fd, text, sizeof(text) - 1, 0), sizeof(text) - 1);
	assert_int_equal(pwrite(fd, tail, sizeof(tail) - 1, 10ll << 30), sizeof(tail) - 1);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	assert_int_equal(perf_map_resolve(fd, &batch, &refused), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	assert_true(to.tv_sec - from.tv_sec < 2);
	assert_int_equal(refused, 1);
	assert_string_equal(batch.items[0].name, "before");
	assert_null(batch.items[1].name);
	batch_release(&batch);
	close(fd);
}

/* Lines of one byte, all wrong, and none that is right: no perf-map, whatever it is called. */
static void test_nonsense(void **state)
{
	struct batch batch = four();
	struct buf text = {0};

	(void)state;
	for (int i = 0; i < 1000000; i++)
		buf_puts(&text, "nonsense\n");
	buf_puts(&text, "1000 10 late\n");
	assert_true(resolve(text.data, text.len, &batch) < 700000);
	assert_null(batch.items[0].name);
	buf_release(&text);
	batch_release(&batch);
}

struct writer {
	int fd;
	_Atomic int over;
};

/* Writes the file anew again and again, with lines of another length each time. */
static void *rewrite(void *context)
{
	struct writer *writer = context;

	for (int round = 0; !writer->over; round++) {
		struct buf text = {0};

		for (unsigned i = 0; i < 8000; i++)
			buf_printf(&text, "%x 10 %0*d|%x\n", 0x1000 + i * 16, 1 + round % 37, round, 0x1000 + i * 16);
		if (ftruncate(writer->fd, 0) || pwrite(writer->fd, text.data, text.len, 0) < 0)
			writer->over = 2;
		buf_release(&text);
	}
	return NULL;
}

/* Whatever is read meanwhile, a name is that of its address. */
static void test_rewritten(void **state)
{
	struct writer writer = {.fd = memfd_create("map", MFD_CLOEXEC)};
	pthread_t thread;
	uint64_t named = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, rewrite, &writer), 0);
	for (int round = 0; round < 100; round++) {
		struct batch batch = {0};
		uint64_t refused;

		for (uint32_t i = 0; i < 8000; i++)
			batch_add(&batch, 0x1000 + i * 16, i);
		batch_sort(&batch);
		assert_int_equal(perf_map_resolve(writer.fd, &batch, &refused), 0);
		for (size_t i = 0; i < batch.count; i++) {
			const char *name = batch.items[i].name;

			if (!name)
				continue;
			named++;
			name = strchr(name, '|');
			assert_non_null(name);
			assert_int_equal(strtoull(name + 1, NULL, 16), batch.items[i].address);
		}
		batch_release(&batch);
	}
	writer.over |= 1;
	pthread_join(thread, NULL);
	assert_int_equal(writer.over, 1);
	assert_true(named > 0);
	close(writer.fd);
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

/* Behind a cap a later line may name anything otherwise. */
static void test_past_a_cap(void **state)
{
	struct batch batch = {0};
	struct buf text = {0};

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(batch_add(&batch, 0x1000 + i, i), 0);
	batch_sort(&batch);
	for (uint32_t i = 0; i < BATCH_VISITS_MAX / 1000 + 2; i++)
		buf_puts(&text, i & 1 ? "1000 1000 f\n" : "1000 1000 g\n");
	assert_int_equal(resolve(text.data, text.len, &batch), 1);
	for (size_t i = 0; i < batch.count; i++)
		assert_true(batch_item_is_disputed(&batch.items[i]));
	batch_release(&batch);
	buf_release(&text);
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
		cmocka_unit_test(test_sparse), cmocka_unit_test(test_nonsense), cmocka_unit_test(test_past_a_cap),
		cmocka_unit_test(test_rewritten), cmocka_unit_test(test_million), cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests_name("perf_map", tests, NULL, NULL);
}
