// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "made_jitdump.h"
#include "symbolize/jitdump.h"

static int file_of(const struct made_jitdump *made)
{
	int fd = memfd_create("jitdump", MFD_CLOEXEC);

	assert_int_equal(pwrite(fd, made->data, made->len, 0), made->len);
	return fd;
}

/* What one address is called when it was sampled from first_ns to last_ns: to be freed; "?": two functions; NULL. */
static char *ask(const struct made_jitdump *made, uint64_t address, uint64_t first_ns, uint64_t last_ns)
{
	const struct jit_span span = {first_ns, last_ns};
	struct jitdump_told told;
	struct batch batch = {0};
	int fd = file_of(made);
	char *name;

	assert_int_equal(batch_add(&batch, address, 0), 0);
	assert_int_equal(jitdump_resolve(fd, false, &batch, &span, &told), 0);
	assert_int_equal(told.refused, 0);
	close(fd);
	name = batch.items[0].name ? strdup(batch.items[0].name) : NULL;
	if (!name && batch.items[0].rank == JITDUMP_RANK)
		name = strdup("?");
	batch_release(&batch);
	return name;
}

static void expect_at(int line, const struct made_jitdump *made, uint64_t address, uint64_t first_ns,
	uint64_t last_ns, const char *want)
{
	char *name = ask(made, address, first_ns, last_ns);

	if ((name == NULL) != (want == NULL) || (name && strcmp(name, want)))
		fail_msg("line %d: %s, not %s", line, name ? name : "(none)", want ? want : "(none)");
	free(name);
}

#define EXPECT(...) expect_at(__LINE__, &made, __VA_ARGS__)

static void test_loads_over_time(void **state)
{
	struct made_jitdump made;

	(void)state;
	made_jitdump_init(&made);
	made_jitdump_load(&made, 100, 1, 0x1000, 0x100, "f");
	made_jitdump_load(&made, 300, 2, 0x1080, 0x100, "g");
	EXPECT(0x1000, 150, 900, "f");
	EXPECT(0x10ff, 150, 299, "f");
	EXPECT(0x10ff, 150, 300, "?");
	EXPECT(0x10ff, 300, 400, "g");
	EXPECT(0x1100, 350, 400, "g");
	EXPECT(0x1180, 350, 400, NULL);
	EXPECT(0xfff, 350, 400, NULL);
	EXPECT(0x1000, 50, 120, "f");  /* told of when it ran already */
	EXPECT(0x1000, 50, 99, NULL);  /* told of after it was seen last */
	EXPECT(0x1080, 50, 400, "?");
	EXPECT(0x1080, 1, 0, "?"); /* nobody knows when */
	EXPECT(0x1000, 1, 0, "f");
}

static void test_same_again(void **state)
{
	struct made_jitdump made;

	(void)state;
	made_jitdump_init(&made);
	made_jitdump_load(&made, 100, 1, 0x1000, 0x100, "f");
	made_jitdump_load(&made, 200, 2, 0x1000, 0x100, "f");
	made_jitdump_load(&made, 150, 3, 0x2000, 0x100, "late in the file");
	made_jitdump_load(&made, 140, 3, 0x2000, 0x100, "early in time");
	EXPECT(0x1010, 50, 250, "f");
	EXPECT(0x2010, 160, 250, "late in the file");
	EXPECT(0x2010, 140, 149, "early in time");
}

static void test_moves(void **state)
{
	struct made_jitdump made;

	(void)state;
	made_jitdump_init(&made);
	made_jitdump_load(&made, 100, 7, 0x1000, 0x100, "f");
	made_jitdump_load(&made, 110, 8, 0x3000, 0x100, "g");
	made_jitdump_move(&made, 200, 7, 0x1000, 0x2000, 0x100);
	made_jitdump_move(&made, 210, 8, 0x3000, 0x1000, 0x100);
	made_jitdump_move(&made, 300, 7, 0x2000, 0x2040, 0x100);
	made_jitdump_move(&made, 400, 99, 0x9000, 0x9100, 0x100); /* never loaded */
	EXPECT(0x1010, 110, 190, "f");
	EXPECT(0x1010, 205, 208, NULL);
	EXPECT(0x1010, 220, 900, "g");
	EXPECT(0x1010, 110, 220, "?");
	EXPECT(0x3010, 120, 200, "g");
	EXPECT(0x3010, 220, 230, NULL);
	EXPECT(0x3010, 120, 230, "?");
	EXPECT(0x2080, 220, 400, "f"); /* before and after, though it moved by less than its size */
	EXPECT(0x2010, 310, 400, NULL);
	EXPECT(0x2120, 310, 400, "f");
	EXPECT(0x9110, 450, 500, NULL);
}

/* A collector that tells of moves in another order than it made them: who came in last is not gone. */
static void test_move_order(void **state)
{
	struct made_jitdump made;

	(void)state;
	made_jitdump_init(&made);
	made_jitdump_load(&made, 100, 7, 0x1000, 0x100, "f");
	made_jitdump_load(&made, 110, 8, 0x3000, 0x100, "g");
	made_jitdump_move(&made, 200, 8, 0x3000, 0x1000, 0x100);
	made_jitdump_move(&made, 201, 7, 0x1000, 0x2000, 0x100);
	EXPECT(0x1010, 220, 900, "g");
	EXPECT(0x2010, 220, 900, "f");
}

static void test_close(void **state)
{
	struct made_jitdump made;

	(void)state;
	made_jitdump_init(&made);
	made_jitdump_record(&made, 4, 24, 1);
	for (int i = 0; i < 3; i++)
		made_jitdump_put(&made, UINT64_MAX, 8);
	made_jitdump_record(&made, 1000, 1, 1);
	made_jitdump_put(&made, 0, 1);
	made_jitdump_load(&made, 100, 1, 0x1000, 0x100, "f");
	made_jitdump_record(&made, 3, 0, 1);
	made_jitdump_load(&made, 200, 1, 0x1000, 0x100, "after the end");
	EXPECT(0x1010, 300, 400, "f");
}

static void test_other_clock(void **state)
{
	const struct jit_span span = {5, 6};
	struct made_jitdump made;
	struct jitdump_told told;
	struct batch batch = {0};
	int fd;

	(void)state;
	made_jitdump_header(&made, 0x4a695444, 1, 40, 1);
	made_jitdump_load(&made, 100, 1, 0x1000, 0x100, "f");
	made_jitdump_load(&made, 200, 1, 0x1000, 0x100, "g");
	fd = file_of(&made);
	assert_int_equal(batch_add(&batch, 0x1000, 0), 0);
	assert_int_equal(jitdump_resolve(fd, false, &batch, &span, &told), 0);
	assert_true(told.other_clock);
	assert_string_equal(batch.items[0].name, "g");
	batch_release(&batch);
	close(fd);
}

struct source {
	const char *file;
	uint32_t line;
};

static struct source line_at(const struct made_jitdump *made, uint64_t address, uint64_t refused)
{
	static char file[64];
	const struct jit_span span = {1000, 2000};
	struct source source = {0};
	struct jitdump_told told;
	struct batch batch = {0};
	int fd = file_of(made);

	assert_int_equal(batch_add(&batch, address, 0), 0);
	assert_int_equal(jitdump_resolve(fd, false, &batch, &span, &told), 0);
	assert_int_equal(told.refused, refused);
	assert_non_null(batch.items[0].name);
	if (batch.items[0].lines.count) {
		assert_int_equal(batch.items[0].lines.count, 1);
		snprintf(file, sizeof(file), "%s", batch.items[0].lines.at[0].file);
		source = (struct source){file, batch.items[0].lines.at[0].line};
	}
	batch_release(&batch);
	close(fd);
	return source;
}

#define LINE(address, want_file, want_line) do { \
	struct source got_ = line_at(&made, address, 0); \
	assert_string_equal(got_.file, want_file); \
	assert_int_equal(got_.line, want_line); \
} while (0)

static void test_lines(void **state)
{
	static const struct made_line lines[] = {{0x1004, 7, "a.js"}, {0x1020, 9, "\xff"},
		{0x1010, 8, "b.js"}};
	struct made_jitdump made;

	(void)state;
	made_jitdump_init(&made);
	made_jitdump_lines(&made, 0x1000, lines, 3);
	made_jitdump_load(&made, 100, 1, 0x1000, 0x100, "f");
	made_jitdump_load(&made, 100, 2, 0x5000, 0x100, "has none");
	made_jitdump_lines(&made, 0x1000, lines, 3);
	made_jitdump_load(&made, 100, 3, 0x6000, 0x100, "another's");
	LINE(0x1004, "a.js", 7);
	LINE(0x100f, "a.js", 7);
	LINE(0x1010, "b.js", 8);
	LINE(0x10ff, "a.js", 9);
	assert_null(line_at(&made, 0x1003, 0).file);
	assert_null(line_at(&made, 0x5003, 0).file);
	assert_null(line_at(&made, 0x6003, 0).file);
	made_jitdump_move(&made, 200, 1, 0x1000, 0x7000, 0x100);
	LINE(0x7011, "b.js", 8);
}

/* As V8 writes them: all addresses are an ELF header too large. */
static void test_lines_shifted(void **state)
{
	static const struct made_line lines[] = {{0x1040, 7, "a.js"}, {0x1050, 8, "a.js"}};
	struct made_jitdump made;

	(void)state;
	made_jitdump_init(&made);
	made_jitdump_lines(&made, 0x1000, lines, 2);
	made_jitdump_load(&made, 100, 1, 0x1000, 0x100, "f");
	LINE(0x1000, "a.js", 7);
	LINE(0x1010, "a.js", 8);
	LINE(0x10ff, "a.js", 8);
}

/* Of a record with one wrong entry no line is believed. */
static void test_lines_refused(void **state)
{
	static const struct made_line wrong[][2] = {
		{{0x1000, 1, "a.js"}, {0x2000, 1, "b.js"}},
		{{0x1000, 1, "a.js"}, {0xfff, 1, "b.js"}},
		{{0x1000, 1, "a.js"}, {0x1010, 1, ""}},
		{{0x1000, 1, "a.js"}, {0x1010, 1, "\xf2\x19\x03"}},
		{{0x1000, 1, "\xff"}, {0x1010, 1, "b.js"}},
		{{0x1000, 1, "a\njs"}, {0x1010, 1, "b.js"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct made_jitdump made;

		made_jitdump_init(&made);
		made_jitdump_lines(&made, 0x1000, wrong[i], 2);
		made_jitdump_load(&made, 100, 1, 0x1000, 0x100, "f");
		assert_null(line_at(&made, 0x1001, 1).file);
	}
}

static void refuse(const struct made_jitdump *made, const char *name, uint64_t records)
{
	const struct jit_span span = {1000, 2000};
	struct jitdump_told told;
	struct batch batch = {0};
	int fd = file_of(made);

	assert_int_equal(batch_add(&batch, 0x1010, 0), 0);
	assert_int_equal(jitdump_resolve(fd, false, &batch, &span, &told), 0);
	assert_int_equal(told.refused, records);
	if (name)
		assert_string_equal(batch.items[0].name, name);
	else
		assert_null(batch.items[0].name);
	batch_release(&batch);
	close(fd);
}

static void test_records_refused(void **state)
{
	struct made_jitdump made;

	(void)state;
	made_jitdump_init(&made);
	made_jitdump_load(&made, 100, 1, 0x1000, 0x100, "f");
	made_jitdump_load(&made, 101, 2, 0x1000, UINT64_MAX, "everything");
	made_jitdump_load(&made, 102, 3, 0x1000, 1ull << 40, "huge");
	made_jitdump_record(&made, 0, 8, 104); /* too short for a function */
	made_jitdump_put(&made, 0, 8);
	made_jitdump_record(&made, 1, 8, 104);
	made_jitdump_put(&made, 0, 8);
	made_jitdump_record(&made, 2, 8, 104);
	made_jitdump_put(&made, 0, 8);
	refuse(&made, "f", 5);
	made_jitdump_record(&made, 0, 0, 105); /* a size below its own header's */
	memset(made.data + made.len - 12, 0, 4);
	made_jitdump_load(&made, 106, 1, 0x1000, 0x100, "behind it");
	refuse(&made, NULL, 6); /* nobody knows what is behind it */
}

/* Code without a name that can be read: what was there before is not. */
static void test_nameless(void **state)
{
	struct made_jitdump made;

	(void)state;
	made_jitdump_init(&made);
	made_jitdump_load(&made, 100, 1, 0x1000, 0x100, "f");
	made_jitdump_load(&made, 103, 3, 0x1000, 0x100, "");
	refuse(&made, NULL, 1);
}

static void test_unfinished(void **state)
{
	struct made_jitdump made;

	(void)state;
	made_jitdump_init(&made);
	made_jitdump_load(&made, 100, 1, 0x1000, 0x100, "f");
	made_jitdump_load(&made, 101, 2, 0x1000, 0x100, "g");
	made.len -= 3; /* its code is to come */
	refuse(&made, "g", 0);
	made.len -= 1; /* and the end of its name */
	refuse(&made, NULL, 1);
	made.len -= 50; /* nor even its header */
	refuse(&made, "f", 0);
}

static void test_no_jitdump(void **state)
{
	static const uint32_t headers[][3] = {{0x4454694a, 1, 40}, {0x4a695444, 2, 40},
		{0x4a695444, 1, 39}, {0x464c457f, 1, 40}};
	const struct jit_span span = {0, 1};
	struct jitdump_told told;
	struct batch batch = {0};
	struct made_jitdump made;
	int fd;

	(void)state;
	assert_int_equal(batch_add(&batch, 0x1010, 0), 0);
	for (size_t i = 0; i < 4; i++) {
		made_jitdump_header(&made, headers[i][0], headers[i][1], headers[i][2], 0);
		fd = file_of(&made);
		assert_int_equal(jitdump_resolve(fd, false, &batch, &span, &told), -ENOEXEC);
		close(fd);
	}
	made_jitdump_init(&made);
	made.len--;
	fd = file_of(&made);
	assert_int_equal(jitdump_resolve(fd, false, &batch, &span, &told), -ENOEXEC);
	close(fd);
	assert_int_equal(jitdump_resolve(-1, false, &batch, &span, &told), -EIO);
	batch_release(&batch);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct batch thousand(struct jit_span *spans)
{
	struct batch batch = {0};

	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(batch_add(&batch, 0x7f0000000000ull + i * 64000ull + 3, i), 0);
		spans[i] = (struct jit_span){1ull << 40, 1ull << 41};
	}
	batch_sort(&batch);
	return batch;
}

/* 1,000,000 functions of 200 bytes of code, of which 1,000 were sampled. */
static void test_million(void **state)
{
	static struct jit_span spans[1000];
	static struct made_jitdump made;
	struct batch batch = thousand(spans);
	struct jitdump_told told;
	char path[] = "/tmp/profound-jitdump.XXXXXX", name[64];
	int fd = mkstemp(path);
	FILE *file = fdopen(dup(fd), "we");
	double from;

	(void)state;
	unlink(path);
	made_jitdump_init(&made);
	fwrite(made.data, 1, made.len, file);
	for (uint64_t i = 0; i < 1000000; i++) {
		snprintf(name, sizeof(name), "JS:*Function_%llu /some/file.js:12:1", (unsigned long long)i);
		made.len = 0;
		made_jitdump_load(&made, i, i, 0x7f0000000000ull + i * 64, 64, name);
		memset(made.data + made.len, 0, 197);
		memcpy(made.data + 4, &(uint32_t){(uint32_t)made.len + 197}, 4);
		fwrite(made.data, 1, made.len + 197, file);
	}
	fclose(file);
	from = now();
	assert_int_equal(jitdump_resolve(fd, false, &batch, spans, &told), 0);
	print_message("1,000,000 functions, 1,000 addresses: %.0f ms\n", (now() - from) * 1e3);
	assert_true(now() - from < 3);
	assert_string_equal(batch.items[7].name, "JS:*Function_7000 /some/file.js:12:1");
	batch_release(&batch);
	close(fd);
}

/* Records that lead through a file of 100 TB without a byte in it. */
static void test_huge_and_empty(void **state)
{
	static struct jit_span spans[1000];
	static struct made_jitdump made;
	struct batch batch = thousand(spans);
	struct jitdump_told told;
	uint64_t at;
	double from;
	int fd = memfd_create("jitdump", MFD_CLOEXEC);

	(void)state;
	made_jitdump_init(&made);
	assert_int_equal(pwrite(fd, made.data, made.len, 0), made.len);
	at = made.len;
	for (int i = 0; i < 20000; i++, at += UINT32_MAX) {
		made.len = 0;
		made_jitdump_record(&made, 9, UINT32_MAX - 16, 1);
		assert_int_equal(pwrite(fd, made.data, made.len, (off_t)at), made.len);
	}
	assert_int_equal(ftruncate(fd, (off_t)at + (1ll << 40)), 0);
	from = now();
	assert_int_equal(jitdump_resolve(fd, false, &batch, spans, &told), 0);
	assert_true(now() - from < 3);
	assert_int_equal(told.refused, 1);
	batch_release(&batch);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loads_over_time), cmocka_unit_test(test_same_again),
		cmocka_unit_test(test_moves), cmocka_unit_test(test_move_order),
		cmocka_unit_test(test_close), cmocka_unit_test(test_other_clock),
		cmocka_unit_test(test_lines), cmocka_unit_test(test_lines_shifted),
		cmocka_unit_test(test_lines_refused), cmocka_unit_test(test_records_refused),
		cmocka_unit_test(test_nameless),
		cmocka_unit_test(test_unfinished), cmocka_unit_test(test_no_jitdump),
		cmocka_unit_test(test_million), cmocka_unit_test(test_huge_and_empty),
	};

	return cmocka_run_group_tests_name("jitdump", tests, NULL, NULL);
}
