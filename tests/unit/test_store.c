// SPDX-License-Identifier: GPL-2.0-or-later
/* A history in SQLite: what comes back, what is deleted by age and size, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <errno.h>
#include <string.h>
#include <sqlite3.h>
#include <cmocka.h>

#include "store/store.h"
#include "folder.h"

static struct store *opened(bool write)
{
	struct store *store = NULL;
	struct fault fault = {""};

	if (store_open(&store, folder, write, &fault))
		fail_msg("%s", fault.text);
	return store;
}

static void put(struct store *store, int64_t start_ns, const char *text)
{
	const struct store_row row = {start_ns, start_ns + 10, strlen(text)};
	struct fault fault = {""};

	assert_int_equal(store_put(store, &row, text, strlen(text), &fault), 0);
}

struct seen {
	char text[256];
	unsigned stop_at, n;
};

static int see(void *context, const struct store_row *row, const void *otlp, size_t size)
{
	struct seen *seen = context;

	assert_int_equal(row->samples, size);
	assert_int_equal(row->end_ns, row->start_ns + 10);
	strncat(seen->text, otlp, size);
	return ++seen->n == seen->stop_at ? -ECANCELED : 0;
}

static void expect(struct store *store, int64_t from_ns, int64_t to_ns, const char *text)
{
	struct seen seen = {"", 0, 0};
	struct fault fault = {""};

	assert_int_equal(store_each(store, from_ns, to_ns, see, &seen, &fault), 0);
	assert_string_equal(seen.text, text);
}

/* Whoever has a part in the span, in the order of time. */
static void test_span(void **state)
{
	struct store *store = opened(true);
	struct seen seen = {"", 1, 0};
	struct fault fault = {""};
	int64_t start, end;

	(void)state;
	assert_int_equal(store_span(store, &start, &end, &fault), 0);
	assert_int_equal(end, 0);
	put(store, 200, "x");
	put(store, 200, "b"); /* whoever put it was killed before it could say so */
	put(store, 100, "a");
	put(store, 300, "c");
	expect(store, 0, 1000, "abc");
	expect(store, 110, 1000, "bc"); /* 110 is not in [100, 110) */
	expect(store, 109, 300, "ab");
	expect(store, 109, 301, "abc");
	expect(store, 400, 500, "");
	assert_int_equal(store_span(store, &start, &end, &fault), 0);
	assert_int_equal(start, 100);
	assert_int_equal(end, 310);
	assert_int_equal(store_each(store, 0, 1000, see, &seen, &fault), -ECANCELED);
	assert_string_equal(seen.text, "a");
	store_close(store);
}

static void test_reader_beside_writer(void **state)
{
	struct store *writer = opened(true), *reader;

	(void)state;
	put(writer, 100, "a");
	reader = opened(false);
	expect(reader, 0, 1000, "a");
	put(writer, 200, "b");
	expect(reader, 0, 1000, "ab");
	store_close(reader);
	store_close(writer);
	reader = opened(false);
	expect(reader, 0, 1000, "ab");
	store_close(reader);
}

static void test_age(void **state)
{
	struct store *store = opened(true);
	struct fault fault = {""};
	uint64_t gone;

	(void)state;
	put(store, 100, "a");
	put(store, 200, "b");
	assert_int_equal(store_trim(store, 111, 1 << 30, &gone, &fault), 0);
	assert_int_equal(gone, 1);
	expect(store, 0, 1000, "b");
	store_close(store);
}

static void test_size(void **state)
{
	struct store *store = opened(true);
	struct fault fault = {""};
	static char noise[100000];
	uint32_t seed = 1;
	uint64_t gone;

	(void)state;
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)((seed = seed * 1664525 + 1013904223) >> 24);
	put(store, 1, "old");
	for (unsigned i = 0; i < 10; i++) {
		const struct store_row row = {1000 + i, 1010 + i, 1};

		assert_int_equal(store_put(store, &row, noise, sizeof(noise), &fault), 0);
	}
	put(store, 2000, "new");
	assert_int_equal(store_trim(store, 0, 500000, &gone, &fault), 0);
	assert_true(gone >= 6 && gone <= 9);
	expect(store, 0, 1000, "");
	expect(store, 1999, 3000, "new");
	store_close(store);
}

static void run_sql(const char *sql)
{
	char path[128];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/profiles.sqlite", folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void refuse(bool write, int error, const char *why)
{
	struct store *store = NULL;
	struct fault fault = {""};

	assert_int_equal(store_open(&store, folder, write, &fault), error);
	assert_null(store);
	if (!strstr(fault.text, why))
		fail_msg("'%s' without '%s'", fault.text, why);
}

static void test_refused(void **state)
{
	char path[128];
	FILE *file;

	(void)state;
	refuse(false, -ENOENT, "no history in");
	run_sql("PRAGMA user_version=2");
	refuse(true, -ENOTSUP, "newer");
	snprintf(path, sizeof(path), "%s/profiles.sqlite", folder);
	file = fopen(path, "w");
	for (unsigned i = 0; i < 1000; i++)
		fputs("this is no database\n", file);
	fclose(file);
	refuse(true, -EBADMSG, "move it away");
}

/* Rows that somebody wrote, or a disk broke. */
static void test_broken_row(void **state)
{
	struct store *store = opened(true);
	struct seen seen = {"", 0, 0};
	struct fault fault = {""};

	(void)state;
	put(store, 100, "a");
	run_sql("UPDATE profile SET otlp_zstd = x'00112233'");
	assert_int_equal(store_each(store, 0, 1000, see, &seen, &fault), -EBADMSG);
	assert_non_null(strstr(fault.text, folder));
	run_sql("UPDATE profile SET otlp_zstd = x'28b52ffda00000007f010000'"); /* says that it is 2 GiB */
	assert_int_equal(store_each(store, 0, 1000, see, &seen, &fault), -EBADMSG);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_span, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_reader_beside_writer, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_age, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_size, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_refused, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_broken_row, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
