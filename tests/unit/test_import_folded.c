// SPDX-License-Identifier: GPL-2.0-or-later
#include "made_import.h"

static void expect(const char *text, const char *expected)
{
	made_expect(text, strlen(text), NULL, expected);
}

static void same(const char *text)
{
	expect(text, text);
}

static void refuse(const char *text, const char *what)
{
	made_refuse(text, strlen(text), NULL, -EBADMSG, what);
}

static void ours_come_back(void **state)
{
	(void)state;
	same("db 6\n"
	     "db;[truncated: no_unwind_info];[libx.so+0x12] 5\n"
	     "web;[kernel]_[k] 1\n"
	     "web;foo 1;bar baz;vfs_read_[k] 7\n"
	     "web;main (a.c:12);[anon];[jit];[unknown] 9223372036854775000\n");
	same("");
}

static void others_are_read(void **state)
{
	(void)state;
	expect("# a comment\n\nperl;b;c 3\r\nperl;b;c\t4\r\n \n#one more 5\nlast 1", "last 1\nperl;b;c 7\n");
	expect("zero;a 0\nnone;b 1", "none;b 1\n");
	expect(";a;;b 2", "[unknown];a;[unknown];b 2\n");
	expect("#thread;a 2", "#thread;a 2\n");
	expect("a;b\x1b[2J\x01\xff 2", "a;b [2J \xef\xbf\xbd 2\n");
}

static void what_is_no_stack_is_refused(void **state)
{
	(void)state;
	refuse("a;b 1\na;b\n", "line 2: no count behind the stack");
	refuse("a;b 1.5\n", "line 1: its count is not a whole number");
	refuse("a;b -1\n", "line 1: its count is not a whole number");
	refuse("\n\na;b 9223372036854775808\n", "line 3: its count is past 2^63 - 1");
	refuse("a;b 99999999999999999999999\n", "line 1: its count is past");
	refuse("a;b 9223372036854775807\na;c 1\n", "line 2: the counts add up to more than 2^63 - 1");
	refuse("5\n", "line 1: no count");
	made_refuse("a 1\n", 4, "off_cpu", -ENODATA, "counts no off_cpu; it has: samples/count");
	made_expect("a 1\n", 4, "samples/count", "a 1\n");
}

/* Only right behind the thread's name, and only causes that there are. */
static void a_cut_is_told_by_its_name(void **state)
{
	static const char text[] = "a;[truncated: corrupt] 1\n"
				   "a;[truncated: corrupt];[truncated: corrupt] 2\n"
				   "a;[truncated: of course] 3\n"
				   "a;b;[truncated: corrupt] 4\n";
	struct import import = {0};
	struct fault fault;
	uint64_t cut = 0;

	(void)state;
	same(text);
	assert_int_equal(made_read(&import, text, strlen(text), NULL, &fault), 0);
	assert_int_equal(import_finish(&import), 0);
	for (uint32_t i = 0; i < import.profile.samples.count; i++)
		if (profile_get_sample(&import.profile, i)->cut == COUNTER_corrupt)
			cut += import.profile.counts[i];
	assert_int_equal(cut, 3);
	assert_int_equal(import.trust.counter[COUNTER_corrupt], 3);
	import_release(&import);
}

static void names_say_what_frames_are(void **state)
{
	static const char text[] = "a;vfs_read_[k] 1\na;[kernel]_[k] 1\na;[jit] 1\na;[libc.so.6+0x1] 1\n"
				   "a;[unknown] 1\na;f 1\na;_[k] 1\n";
	static const struct {
		uint32_t kind;
		bool named;
		const char *mapping;
	} expected[] = {
		{FRAME_KERNEL, true, MAPPING_KERNEL},
		{FRAME_KERNEL, false, MAPPING_KERNEL},
		{FRAME_ANON, false, MAPPING_JIT},
		{FRAME_FILE, false, NULL},
		{FRAME_UNKNOWN, false, NULL},
		{FRAME_FILE, true, NULL},
		{FRAME_FILE, true, NULL},
	};
	struct import import = {0};
	struct fault fault;

	(void)state;
	assert_int_equal(made_read(&import, text, strlen(text), NULL, &fault), 0);
	assert_int_equal(import_finish(&import), 0);
	assert_int_equal(import.profile.frames.count, 7);
	for (uint32_t i = 0; i < 7; i++) {
		const struct frame_names *names = &import.profile.names[i];
		const struct profile_mapping *mapping = profile_get_mapping(&import.profile, names->mapping);

		assert_int_equal(profile_get_frame(&import.profile, i)->kind, expected[i].kind);
		assert_int_equal(names->named, expected[i].named);
		assert_int_equal(mapping != NULL, expected[i].mapping != NULL);
		if (mapping)
			assert_string_equal(profile_text(&import.profile, mapping->file), expected[i].mapping);
	}
	import_release(&import);
}

/* Nothing is claimed that the lines do not say. */
static void figures_are_those_of_the_lines(void **state)
{
	static const char text[] = "a;f 3\na;f;[libx.so+0x12] 1\na;[truncated: corrupt];f 2\n";
	struct import import = {0};
	struct fault fault;

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(made_read(&import, text, strlen(text), NULL, &fault), 0);
	assert_int_equal(import_finish(&import), 0);
	assert_int_equal(import.trust.taken, 12);
	assert_int_equal(import.trust.expected, TRUST_NULL);
	assert_int_equal(import.trust.complete, TRUST_NULL);
	assert_int_equal(import.trust.complete_and_named, TRUST_NULL);
	assert_int_equal(import.trust.counter[COUNTER_corrupt], 4);
	assert_int_equal(import.trust.counter[COUNTER_not_run], TRUST_NULL);
	assert_int_equal(import.trust.frames, 14);
	assert_int_equal(import.trust.named, 12);
	assert_int_equal(import.trust.n_unnamed, 1);
	assert_string_equal(import.trust.unnamed[0].file, "libx.so");
	import_release(&import);
}

static void files_merge(void **state)
{
	static const char *const texts[] = {"a;f;g 1\nb;f 1\n", "b;f 2\na;g 1\n", ""};
	struct import import = {0};
	struct fault fault;
	char *got;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(made_read(&import, texts[i], strlen(texts[i]), NULL, &fault), 0);
	assert_int_equal(import_finish(&import), 0);
	assert_int_equal(import.profile.frames.count, 2);
	got = made_text(folded_write, &import.profile, &import.trust);
	assert_string_equal(got, "a;f;g 1\na;g 1\nb;f 3\n");
	free(got);
	import_release(&import);
}

static void nothing_read_is_an_empty_profile(void **state)
{
	struct import import = {0};
	char *got;

	(void)state;
	assert_int_equal(import_finish(&import), 0);
	got = made_text(folded_write, &import.profile, &import.trust);
	assert_string_equal(got, "");
	free(got);
	import_release(&import);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ours_come_back),
		cmocka_unit_test(others_are_read),
		cmocka_unit_test(what_is_no_stack_is_refused),
		cmocka_unit_test(a_cut_is_told_by_its_name),
		cmocka_unit_test(names_say_what_frames_are),
		cmocka_unit_test(figures_are_those_of_the_lines),
		cmocka_unit_test(files_merge),
		cmocka_unit_test(nothing_read_is_an_empty_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
