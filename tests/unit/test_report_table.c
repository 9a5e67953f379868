// SPDX-License-Identifier: GPL-2.0-or-later
#include "made_report.h"

#include "made_trust.h"
#include "report/amount.h"
#include "report/heading.h"
#include "report/table.h"

/* What the heading and the table of made_report() print, against a file: tests run from the tree's top. */
static void expect_golden(const struct heading *heading, struct table table, const char *golden)
{
	char expected[8192] = {0}, path[128], *text = NULL;
	struct profile profile = made_report();
	struct heading shown = *heading;
	struct ranking ranking;
	struct labels labels;
	size_t len;
	FILE *stream = open_memstream(&text, &len), *file;

	shown.profile = &profile;
	profile.start_unix_ns = 1763892900123456789;
	profile.duration_ns = 10040000000;
	if (strcmp(table.unit, "count"))
		assert_int_equal(profile_set_value(&profile, "inuse_space", table.unit, NULL, NULL, 0), 0);
	assert_int_equal(labels_init(&labels, &profile, LABELS_FUNCTION, false), 0);
	assert_int_equal(ranking_init(&ranking, &labels, NULL), 0);
	if (strcmp(table.unit, "count"))
		for (uint32_t i = 0; i < ranking.count; i++)
			ranking.rows[i].self *= 1234567, ranking.rows[i].total *= 1234567;
	table.ranking = &ranking;
	assert_int_equal(heading_print(&shown, stream), 0);
	table_print(&table, stream);
	fclose(stream);
	snprintf(path, sizeof(path), "tests/golden/report_%s.txt", golden);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(expected, 1, sizeof(expected) - 1, file) > 0);
	fclose(file);
	assert_string_equal(text, expected);
	free(text);
	ranking_release(&ranking);
	labels_release(&labels);
	profile_release(&profile);
}

static void whole(void **state)
{
	static const char *const files[] = {"web\x1b[2J.otlp"};
	struct trust trust = made_trust();

	(void)state;
	expect_golden(&(struct heading){.files = files, .n_files = 1, .trust = &trust, .whole = 40, .kept = 40},
		(struct table){.column = "function", .unit = "count", .whole = 40}, "whole");
}

static void limited(void **state)
{
	static const char *const files[] = {"a", "b", "-", "d", "e", "f"};
	struct trust trust = made_trust();

	(void)state;
	expect_golden(&(struct heading){.files = files, .n_files = 6, .trust = &trust, .whole = 41, .kept = 40,
		.focus = "x", .hide = "^y", .filter = "z\n"},
		(struct table){.column = "function", .unit = "count", .whole = 41, .limit = 3, .width = 60}, "limited");
}

/* The summary counts samples: of bytes it would say what is not so. */
static void bytes(void **state)
{
	static const char *const files[] = {"heap.pb.gz"};
	struct trust trust = made_trust();

	(void)state;
	expect_golden(&(struct heading){.files = files, .n_files = 1, .trust = &trust, .whole = 40 * 1234567,
		.kept = 40 * 1234567},
		(struct table){.column = "function", .unit = "bytes", .whole = 40 * 1234567}, "bytes");
}

static void names_are_cut_at_the_terminal(void **state)
{
	struct ranking_row rows[] = {
		{"a_name_that_is_much_too_long_for_it", 2, 2},
		{"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
		 "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 1, 1}, /* 20 */
	};
	struct ranking ranking = {.rows = rows, .count = 2, .self = 3};
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);

	(void)state;
	table_print(&(struct table){.ranking = &ranking, .column = "function", .unit = "count", .whole = 3, .width = 54},
		stream);
	fclose(stream);
	assert_non_null(strstr(text, "  a_name_that_is_mu...\n"));
	assert_non_null(strstr(text, "\xc3\xa9\n"));
	free(text);
}

static void amount(uint64_t value, const char *unit, const char *expected)
{
	char text[AMOUNT_TEXT];

	amount_text(text, value, unit);
	assert_string_equal(text, expected);
}

static void share(uint64_t part, uint64_t of, const char *expected)
{
	char text[AMOUNT_TEXT];

	amount_share(text, part, of);
	assert_string_equal(text, expected);
}

static void amounts(void **state)
{
	(void)state;
	amount(0, "bytes", "0B");
	amount(999, "bytes", "999B");
	amount(1000, "bytes", "1.00kB");
	amount(12345678, "bytes", "12.3MB");
	amount(999499, "bytes", "999kB");
	amount(999500, "bytes", "1.00MB");
	amount(99960, "bytes", "100kB");
	amount(UINT64_MAX, "bytes", "18446744TB");
	amount(4560000000, "nanoseconds", "4.56s");
	amount(4560000000000, "nanoseconds", "4560s");
	amount(1500, "nanoseconds", "1.50us");
	amount(UINT64_MAX, "count", "18446744073709551615");
	amount(17, "furlongs", "17");
	share(0, 0, "0.00%");
	share(5, 5, "100.00%");
	share(9999999, 10000000, "99.99%");
	share(1, 3, "33.33%");
	share(UINT64_MAX, UINT64_MAX, "100.00%");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(limited),
		cmocka_unit_test(bytes),
		cmocka_unit_test(names_are_cut_at_the_terminal),
		cmocka_unit_test(amounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
