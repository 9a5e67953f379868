// SPDX-License-Identifier: GPL-2.0-or-later
#include "made_profile.h"

#include <errno.h>

static void equal_keys_add_up(void **state)
{
	struct profile profile = {0};
	struct profile_sample key = {.process = 1},
			      other = {.process = 1, .flags = SAMPLE_UNVERIFIED};

	(void)state;
	assert_int_equal(profile_add(&profile, &key, 3), 0);
	assert_int_equal(profile_add(&profile, &other, 10), 0);
	assert_int_equal(profile_add(&profile, &key, 4), 0);
	assert_int_equal(profile.samples.count, 2);
	assert_int_equal(profile.counts[0], 7);
	assert_int_equal(profile.counts[1], 10);
	assert_int_equal(profile_total(&profile), 17);
	assert_int_equal(profile_get_sample(&profile, 1)->flags, SAMPLE_UNVERIFIED);
	profile_release(&profile);
	assert_int_equal(profile_total(&profile), 0);
}

static void many_keys_keep_their_counts(void **state)
{
	struct profile profile = {0};

	(void)state;
	for (uint32_t round = 0; round < 2; round++)
		for (uint32_t i = 0; i < 5000; i++)
			assert_int_equal(
				profile_add(&profile, &(struct profile_sample){.stack = i}, i), 0);
	assert_int_equal(profile.samples.count, 5000);
	for (uint32_t i = 0; i < 5000; i++)
		assert_int_equal(profile.counts[i], 2 * i);
	profile_release(&profile);
}

static void stacks_and_frames_are_shared(void **state)
{
	struct profile profile = {0};
	uint32_t a = made_frame(&profile, FRAME_FILE), b = made_frame(&profile, FRAME_KERNEL);
	uint32_t first, second, empty, count;

	(void)state;
	assert_int_not_equal(a, b);
	assert_int_equal(profile_stack(&profile, (uint32_t[]){a, b}, 2, &first), 0);
	assert_int_equal(profile_stack(&profile, (uint32_t[]){a, b}, 2, &second), 0);
	assert_int_equal(profile_stack(&profile, NULL, 0, &empty), 0);
	assert_int_equal(first, second);
	assert_int_equal(profile_get_stack(&profile, first, &count)[1], b);
	assert_int_equal(count, 2);
	profile_get_stack(&profile, empty, &count);
	assert_int_equal(count, 0);
	assert_int_equal(profile_get_frame(&profile, b)->kind, FRAME_KERNEL);
	profile_release(&profile);
}

static void names_are_lines(void **state)
{
	struct profile profile = {0};
	uint32_t a = made_frame(&profile, FRAME_FILE), b = made_frame(&profile, FRAME_FILE), count;
	const struct profile_name x = {"x", "dir/x.c", 12, 10};
	const struct profile_line *lines;

	(void)state;
	assert_null(profile_get_lines(&profile, a, &count));
	assert_int_equal(profile_begin_names(&profile), 0);
	made_named(&profile, b, "inlined", true);
	made_named(&profile, b, "outer", true);
	assert_null(profile_get_lines(&profile, a, &count));
	assert_int_equal(count, 0);
	lines = profile_get_lines(&profile, b, &count);
	assert_int_equal(count, 2);
	assert_string_equal(profile_text(&profile, lines[0].function), "inlined");
	assert_string_equal(profile_text(&profile, lines[1].function), "outer");
	assert_string_equal(profile_text(&profile, lines[1].file), "");
	for (uint32_t i = 0; i < UINT16_MAX; i++)
		assert_int_equal(profile_name(&profile, a, &x), 0);
	assert_int_equal(profile_name(&profile, a, &x), -E2BIG);
	lines = profile_get_lines(&profile, a, &count);
	assert_string_equal(profile_text(&profile, lines[count - 1].file), "dir/x.c");
	assert_int_equal(lines[count - 1].line, 12);
	assert_int_equal(lines[count - 1].first_line, 10);
	profile_release(&profile);
}

static const char *file_of(void *context, const struct frame *frame)
{
	(void)context;
	return frame->kind == FRAME_KERNEL ? "[kernel]" : "libfoo.so";
}

static void trust_is_counted_in_samples(void **state)
{
	struct profile profile = {0};
	struct trust trust = {0};
	uint32_t main_id = made_frame(&profile, FRAME_FILE),
		 work = made_frame(&profile, FRAME_FILE);
	uint32_t blank = made_frame(&profile, FRAME_FILE),
		 kernel = made_frame(&profile, FRAME_KERNEL);

	(void)state;
	made_sample(&profile, "a", (uint32_t[]){main_id, work}, 2, (struct profile_sample){0}, 10);
	made_sample(&profile, "a", (uint32_t[]){main_id, work}, 2,
		(struct profile_sample){.process = 9}, 5);
	made_sample(&profile, "a", (uint32_t[]){main_id, blank}, 2, (struct profile_sample){0}, 4);
	made_sample(&profile, "b", (uint32_t[]){main_id, kernel}, 2,
		(struct profile_sample){.flags = SAMPLE_UNVERIFIED}, 3);
	made_sample(&profile, "b", (uint32_t[]){work}, 1,
		(struct profile_sample){.cut = COUNTER_corrupt, .flags = SAMPLE_UNVERIFIED}, 2);
	made_sample(
		&profile, "b", NULL, 0, (struct profile_sample){.cut = COUNTER_process_gone}, 1);
	assert_int_equal(profile_begin_names(&profile), 0);
	made_named(&profile, main_id, "main", true);
	made_named(&profile, work, "work", true);
	made_named(&profile, blank, "[libfoo.so+0x1]", false);
	made_named(&profile, kernel, "schedule", true);
	trust.counter[COUNTER_not_run] = 7;
	trust.counter[COUNTER_corrupt] = 1000;

	for (int round = 0; round < 2; round++) {
		assert_int_equal(trust_count_frames(&trust, &profile, file_of, NULL), 0);
		assert_int_equal(trust.complete, 19);
		assert_int_equal(trust.unverified, 3);
		assert_int_equal(trust.counter[COUNTER_corrupt], 2);
		assert_int_equal(trust.counter[COUNTER_process_gone], 1);
		assert_string_equal(trust.cut_file[COUNTER_corrupt], "libfoo.so");
		assert_null(trust.cut_file[COUNTER_process_gone]); /* no frame at all */
		assert_int_equal(trust.counter[COUNTER_not_run], 7);
		assert_int_equal(trust.complete_and_named, 15);
		assert_int_equal(trust.distinct, 5);
		assert_int_equal(trust.frames, 15 * 2 + 4 * 2 + 3 * 2 + 2);
		assert_int_equal(trust.named, trust.frames - 4);
		assert_int_equal(trust.counter[COUNTER_no_symbol], 4);
		assert_int_equal(trust.n_unnamed, 1);
		assert_string_equal(trust.unnamed[0].file, "libfoo.so");
		assert_int_equal(trust.unnamed[0].frames, 4);
		assert_int_equal(trust.n_top, 5);
		assert_string_equal(trust.top[0].comm, "a");
		assert_string_equal(trust.top[0].function, "work");
		assert_int_equal(trust.top[0].samples, 15);
		assert_string_equal(trust.top[2].function, "schedule_[k]");
		assert_string_equal(trust.top[4].function, "[truncated: process_gone]");
	}
	trust_release(&trust);
	profile_release(&profile);
}

static void top_keeps_the_heaviest_five(void **state)
{
	struct profile profile = {0};
	struct trust trust = {0};
	static const uint64_t weights[] = {3, 9, 1, 7, 5, 8, 2, 6};
	uint32_t frames[8];

	(void)state;
	for (int i = 0; i < 8; i++)
		frames[i] = made_frame(&profile, FRAME_FILE);
	for (int i = 0; i < 8; i++)
		made_sample(&profile, "a", &frames[i], 1, (struct profile_sample){0}, weights[i]);
	assert_int_equal(profile_begin_names(&profile), 0);
	for (int i = 0; i < 8; i++)
		made_named(&profile, frames[i], (const char[]){(char)('a' + i), 0}, true);
	assert_int_equal(trust_count_frames(&trust, &profile, file_of, NULL), 0);
	assert_int_equal(trust.n_top, 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(trust.top[i].samples, 9 - i);
	assert_string_equal(trust.top[4].function, "e");
	trust_release(&trust);
	profile_release(&profile);
}

static const char *file_by_id(void *context, const struct frame *frame)
{
	(void)context;
	return frame->address & 1 ? "odd.so" : "even.so";
}

/* Of each cause the file in which most of its stacks ended. */
static void cut_files(void **state)
{
	struct profile profile = {0};
	struct trust trust = {0};
	uint32_t frames[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		frames[i] = made_frame(&profile, FRAME_FILE);
	for (int i = 0; i < 4; i++)
		made_sample(&profile, "a", &frames[i], 1,
			(struct profile_sample){.cut = i < 3 ? COUNTER_corrupt : COUNTER_no_unwind_info}, i == 1 ? 5 : 3);
	assert_int_equal(profile_begin_names(&profile), 0);
	for (int i = 0; i < 4; i++)
		made_named(&profile, frames[i], "f", true);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(trust_count_frames(&trust, &profile, file_by_id, NULL), 0);
		assert_string_equal(trust.cut_file[COUNTER_corrupt], "even.so"); /* 3 + 3, not 5 */
		assert_string_equal(trust.cut_file[COUNTER_no_unwind_info], "odd.so");
	}
	trust_release(&trust);
	profile_release(&profile);
}

static void empty_profile_counts_nothing(void **state)
{
	struct profile profile = {0};
	struct trust trust = {0};

	(void)state;
	assert_int_equal(profile_begin_names(&profile), 0);
	assert_int_equal(trust_count_frames(&trust, &profile, file_of, NULL), 0);
	assert_int_equal(trust.frames, 0);
	assert_int_equal(trust.n_top, 0);
	trust_release(&trust);
	profile_release(&profile);
}

/* Frames that are seen again, and out of the order in which they came. */
static void test_spans(void **state)
{
	struct profile profile = {0};

	(void)state;
	assert_null(profile_get_span(&profile, 0));
	for (uint32_t i = 0; i < 200; i++)
		assert_int_equal(profile_seen(&profile, i * 7 % 200, 1000 + i, 1000 + i), 0);
	assert_int_equal(profile_seen(&profile, 7, 5, 1001), 0);
	assert_int_equal(profile_seen(&profile, 7, 500, 3000), 0);
	assert_int_equal(profile.n_spans, 200);
	assert_int_equal(profile_get_span(&profile, 7)->first_ns, 5);
	assert_int_equal(profile_get_span(&profile, 7)->last_ns, 3000);
	assert_int_equal(profile_get_span(&profile, 14)->first_ns, 1002);
	assert_int_equal(profile_get_span(&profile, 14)->frame, 14);
	assert_null(profile_get_span(&profile, 200));
	profile_release(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_keys_add_up),
		cmocka_unit_test(many_keys_keep_their_counts),
		cmocka_unit_test(stacks_and_frames_are_shared),
		cmocka_unit_test(names_are_lines),
		cmocka_unit_test(trust_is_counted_in_samples),
		cmocka_unit_test(top_keeps_the_heaviest_five),
		cmocka_unit_test(cut_files),
		cmocka_unit_test(empty_profile_counts_nothing),
		cmocka_unit_test(test_spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
