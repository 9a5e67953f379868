// SPDX-License-Identifier: GPL-2.0-or-later
#include "made_profile.h"

#include "base/buf.h"
#include "export/exporter.h"
#include "export/text.h"

static void expect(struct profile *profile, const char *expected)
{
	char *text = made_text(folded_write, profile, NULL);

	assert_string_equal(text, expected);
	free(text);
	profile_release(profile);
}

static void lines_merge_and_sort(void **state)
{
	struct profile profile = {0};
	uint32_t f[8];

	(void)state;
	for (int i = 0; i < 6; i++)
		f[i] = made_frame(&profile, i == 3 || i == 5 ? FRAME_KERNEL : FRAME_FILE);
	made_sample(&profile, "web", (uint32_t[]){f[0], f[1]}, 2,
		(struct profile_sample){.process = 1}, 3);
	/* Another process, other addresses, the same names. */
	made_sample(&profile, "web", (uint32_t[]){f[0], f[2]}, 2,
		(struct profile_sample){.process = 2}, 4);
	made_sample(&profile, "web", (uint32_t[]){f[0], f[3]}, 2, (struct profile_sample){0}, 1);
	made_sample(&profile, "web", (uint32_t[]){f[0]}, 1, (struct profile_sample){0}, 2);
	made_sample(&profile, "db", (uint32_t[]){f[4]}, 1,
		(struct profile_sample){.cut = COUNTER_no_unwind_info}, 5);
	made_sample(&profile, "db", NULL, 0, (struct profile_sample){0}, 6);
	made_sample(&profile, "db", (uint32_t[]){f[5]}, 1, (struct profile_sample){0}, 7);
	made_sample(&profile, "zero", (uint32_t[]){f[0]}, 1, (struct profile_sample){0}, 0);
	assert_int_equal(profile_begin_names(&profile), 0);
	made_named(&profile, f[0], "main", true);
	made_named(&profile, f[1], "inlined", true);
	made_named(&profile, f[1], "work", true);
	made_named(&profile, f[2], "inlined", true);
	made_named(&profile, f[2], "work", true);
	made_named(&profile, f[3], "vfs_read", true);
	made_named(&profile, f[4], "[libx.so+0x12]", false);
	made_named(&profile, f[5], "[kernel]", false);
	expect(&profile, "db 6\n"
			 "db;[kernel]_[k] 7\n"
			 "db;[truncated: no_unwind_info];[libx.so+0x12] 5\n"
			 "web;main 2\n"
			 "web;main;vfs_read_[k] 1\n"
			 "web;main;work;inlined 7\n");
}

/* The bytes after a name decide as well: ' ' < '-' < ';', and the count's digits against a name's.
 */
static void order_is_that_of_bytes(void **state)
{
	static const char *const names[] = {"foo", "foo-bar", "foo 1", "foo~", "x"};
	struct profile profile = {0};
	uint32_t f[5];

	(void)state;
	for (int i = 0; i < 5; i++)
		f[i] = made_frame(&profile, FRAME_FILE);
	for (int i = 0; i < 4; i++) {
		made_sample(&profile, "c", &f[i], 1, (struct profile_sample){0}, 12);
		made_sample(
			&profile, "c", (uint32_t[]){f[i], f[4]}, 2, (struct profile_sample){0}, 1);
	}
	assert_int_equal(profile_begin_names(&profile), 0);
	for (int i = 0; i < 5; i++)
		made_named(&profile, f[i], names[i], true);
	expect(&profile, "c;foo 1 12\n"
			 "c;foo 12\n"
			 "c;foo 1;x 1\n"
			 "c;foo-bar 12\n"
			 "c;foo-bar;x 1\n"
			 "c;foo;x 1\n"
			 "c;foo~ 12\n"
			 "c;foo~;x 1\n");
}

static void hostile_names_stay_names(void **state)
{
	struct profile profile = {0};
	uint32_t f = made_frame(&profile, FRAME_FILE);

	(void)state;
	made_sample(&profile, "a;b\nc", &f, 1, (struct profile_sample){0}, 1);
	made_sample(&profile, "", &f, 1, (struct profile_sample){0}, 2);
	assert_int_equal(profile_begin_names(&profile), 0);
	made_named(&profile, f, "x;y\n\x1b[2J\x7f\xff\xc3\xa9\xc2\x85z", true);
	expect(&profile, "[unknown];x:y  [2J \xef\xbf\xbd\xc3\xa9 z 2\n"
			 "a:b c;x:y  [2J \xef\xbf\xbd\xc3\xa9 z 1\n");
}

static void empty_profile_is_an_empty_file(void **state)
{
	struct profile profile = {0};

	(void)state;
	assert_int_equal(profile_begin_names(&profile), 0);
	expect(&profile, "");
}

static void deep_stacks_are_whole(void **state)
{
	struct profile profile = {0};
	uint32_t deep[900], f = made_frame(&profile, FRAME_FILE);
	char *text;

	(void)state;
	for (int i = 0; i < 900; i++)
		deep[i] = f;
	made_sample(&profile, "c", deep, 900, (struct profile_sample){0}, 3);
	assert_int_equal(profile_begin_names(&profile), 0);
	made_named(&profile, f, "r", true);
	text = made_text(folded_write, &profile, NULL);
	assert_int_equal(strlen(text), 1 + 900 * 2 + 3);
	free(text);
	profile_release(&profile);
}

static void utf8_is_checked(void **state)
{
	static const struct {
		const char *bytes;
		unsigned len;
	} cases[] = {
		{"a", 1},
		{"\xc3\xa9", 2},
		{"\xe2\x82\xac", 3},
		{"\xf0\x9f\x98\x80", 4},
		{"", 0},
		{"\x80", 0},
		{"\xc3", 0},
		{"\xc0\xaf", 0},
		{"\xe0\x80\xaf", 0},
		{"\xed\xa0\x80", 0},
		{"\xf4\x90\x80\x80", 0},
		{"\xf0\x9f\x98", 0},
		{"\xff", 0},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t point = 0;

		assert_int_equal(
			text_utf8(cases[i].bytes, strlen(cases[i].bytes), &point), cases[i].len);
	}
}

static void shares_do_not_round_up_to_all(void **state)
{
	static const struct {
		uint64_t part, whole;
		const char *text;
	} cases[] = {
		{0, 0, "0 %"},
		{0, 5, "0 %"},
		{5, 5, "100 %"},
		{99999, 100000, "99.9 %"},
		{1, 100000, "< 0.1 %"},
		{123, 1000, "12.3 %"},
		{1, 1000, "0.1 %"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf buf = {0};

		text_share(&buf, cases[i].part, cases[i].whole);
		buf_putc(&buf, 0);
		assert_string_equal(buf.data, cases[i].text);
		buf_release(&buf);
	}
}

static void lines_are_part_of_the_name_when_asked_for(void **state)
{
	struct profile profile = {0};
	const struct export_view view = {.profile = &profile, .lines = true};
	uint32_t f[2];
	char *text;

	(void)state;
	for (int i = 0; i < 2; i++)
		f[i] = made_frame(&profile, FRAME_FILE);
	made_sample(&profile, "web", f, 2, (struct profile_sample){0}, 3);
	assert_int_equal(profile_begin_names(&profile), 0);
	made_line(&profile, f[0], "main", "/src/a;b.c", 12);
	made_line(&profile, f[1], "inlined", "/src/vec.h", 7);
	made_line(&profile, f[1], "work", NULL, 0);
	text = made_view(folded_write, &view);
	assert_string_equal(text, "web;main (a:b.c:12);work;inlined (vec.h:7) 3\n");
	free(text);
	expect(&profile, "web;main;work;inlined 3\n");
}

static void formats_are_found(void **state)
{
	(void)state;
	assert_string_equal(exporter_by_path("a/b.folded")->name, "folded");
	assert_string_equal(exporter_by_path("x.txt")->name, "folded");
	assert_string_equal(exporter_by_path("/tmp/x.y.html")->name, "html");
	assert_null(exporter_by_path("dir.html/x"));
	assert_null(exporter_by_path("dir/.html"));
	assert_null(exporter_by_path("x.htm"));
	assert_string_equal(exporter_by_name("html")->name, "html");
	assert_null(exporter_by_name("pdf"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_merge_and_sort),
		cmocka_unit_test(order_is_that_of_bytes),
		cmocka_unit_test(hostile_names_stay_names),
		cmocka_unit_test(empty_profile_is_an_empty_file),
		cmocka_unit_test(deep_stacks_are_whole),
		cmocka_unit_test(utf8_is_checked),
		cmocka_unit_test(shares_do_not_round_up_to_all),
		cmocka_unit_test(lines_are_part_of_the_name_when_asked_for),
		cmocka_unit_test(formats_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
