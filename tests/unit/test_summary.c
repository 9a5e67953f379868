// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "export/summary.h"
#include "made_trust.h"
#include "profile/figures.h"

/* Golden texts are read from the tree: tests run from its top. */
static void expect_golden(const struct trust *trust, const char *golden)
{
	struct summary summary;
	char expected[4096] = {0}, path[128], *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len), *file;

	assert_int_equal(summary_init(&summary, trust, NULL), 0);
	summary_print(&summary, stream);
	summary_print_wrote("profound-web1-20261123T101500.html", stream);
	fclose(stream);
	summary_release(&summary);
	snprintf(path, sizeof(path), "tests/golden/summary_%s.txt", golden);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(expected, 1, sizeof(expected) - 1, file) > 0);
	fclose(file);
	assert_string_equal(text, expected);
	free(text);
}

static void usual(void **state)
{
	struct trust trust = made_trust();

	(void)state;
	expect_golden(&trust, "usual");
}

static void why_names_are_missing_is_said(void **state)
{
	struct trust trust = made_trust();
	struct summary summary;

	(void)state;
	trust.frames = 1000;
	trust.named = 900;
	trust.counter[COUNTER_no_symbol] = 98;
	trust.counter[COUNTER_no_perf_map] = 2;
	assert_int_equal(summary_init(&summary, &trust, NULL), 0);
	assert_string_equal(summary.lines[3].label, "");
	assert_string_equal(summary.lines[3].text, "without a name: 98 no symbol, 2 no perf map");
	summary_release(&summary);
}

static void unverified_and_fallback_are_said(void **state)
{
	struct trust trust = made_trust();

	(void)state;
	trust.complete = 237;
	trust.unverified = 1737;
	trust.event = "cpu-clock";
	trust.event_asked = "cycles";
	trust.counter[COUNTER_stack_table_full] = 10;
	trust.counter[COUNTER_ring_full] = 2;
	trust.counter[COUNTER_throttled] = 5;
	trust.counter[COUNTER_sideband_lost] = 3;
	trust.expected = 1997;
	trust.idle = 12345678;
	expect_golden(&trust, "unverified");
}

static void no_sample_is_said(void **state)
{
	struct trust trust = {.frequency_hz = 99,
		.period = TRUST_NULL,
		.event = "cpu-clock",
		.idle = 1000,
		.expected = 1000,
		.cpu_seconds = 0.03,
		.machine_share = 0.002,
		.max_rss_bytes = 12000000,
		.kernel_ns_per_sample = TRUST_NULL};

	(void)state;
	expect_golden(&trust, "no_sample");
}

static void unknown_figures_are_left_out(void **state)
{
	struct trust trust = made_trust();

	(void)state;
	trust.expected = trust.idle = TRUST_NULL;
	trust.counter[COUNTER_not_run] = TRUST_NULL;
	trust.cpu_seconds = TRUST_NULL_SECONDS;
	trust.kernel_ns_per_sample = TRUST_NULL;
	trust.frequency_hz = TRUST_NULL;
	trust.period = 1000000;
	expect_golden(&trust, "unknown");
}

/* As of folded lines: neither what was lost nor which stacks are complete. */
static void what_no_file_tells_is_left_out(void **state)
{
	struct trust trust;
	struct summary summary;

	(void)state;
	figures_forget(&trust);
	trust.taken = 1000;
	trust.frames = trust.named = 5000;
	trust.counter[COUNTER_corrupt] = 15;
	assert_int_equal(summary_init(&summary, &trust, NULL), 0);
	assert_int_equal(summary.count, 3);
	assert_string_equal(summary.lines[0].text, "1,000");
	assert_string_equal(summary.lines[1].text, "1.5 % cut (15 corrupt)");
	assert_string_equal(summary.lines[2].text, "100 % of frames");
	summary_release(&summary);
	trust.counter[COUNTER_corrupt] = 0;
	assert_int_equal(summary_init(&summary, &trust, NULL), 0);
	assert_int_equal(summary.count, 2);
	assert_string_equal(summary.lines[1].label, "names");
	summary_release(&summary);
	trust.frames = trust.named = 0; /* every stack is empty */
	assert_int_equal(summary_init(&summary, &trust, NULL), 0);
	assert_int_equal(summary.count, 1);
	summary_release(&summary);
	trust.taken = 0;
	assert_int_equal(summary_init(&summary, &trust, NULL), 0);
	assert_int_equal(summary.count, 1);
	assert_string_equal(summary.lines[0].text, "0 (no sample)");
	summary_release(&summary);
}

static void what_is_no_sample_is_not_called_one(void **state)
{
	struct profile profile = {0};
	struct trust trust;
	struct summary summary;

	(void)state;
	figures_forget(&trust);
	trust.taken = 46871522;
	assert_int_equal(profile_set_value(&profile, "inuse_space", "bytes", NULL, NULL, 0), 0);
	assert_int_equal(summary_init(&summary, &trust, &profile), 0);
	assert_string_equal(summary.lines[0].label, "total");
	assert_string_equal(summary.lines[0].text, "46,871,522 inuse_space in bytes");
	summary_release(&summary);
	assert_int_equal(profile_set_value(&profile, "samples", "count", "cpu", "nanoseconds", 10101010), 0);
	assert_int_equal(summary_init(&summary, &trust, &profile), 0);
	assert_string_equal(summary.lines[0].label, "samples");
	summary_release(&summary);
	profile_release(&profile);
}

static void hostile_names_cannot_move_the_cursor(void **state)
{
	struct trust trust = made_trust();
	struct trust_top top = {"a\x1b[2J\n", "b\xff", 1978};
	struct summary summary;

	(void)state;
	trust.top = &top;
	trust.n_top = 1;
	assert_int_equal(summary_init(&summary, &trust, NULL), 0);
	assert_string_equal(summary.lines[3].text, "a [2J  b\xef\xbf\xbd 100 %");
	summary_release(&summary);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usual),
		cmocka_unit_test(why_names_are_missing_is_said),
		cmocka_unit_test(unverified_and_fallback_are_said),
		cmocka_unit_test(no_sample_is_said),
		cmocka_unit_test(unknown_figures_are_left_out),
		cmocka_unit_test(what_no_file_tells_is_left_out),
		cmocka_unit_test(what_is_no_sample_is_not_called_one),
		cmocka_unit_test(hostile_names_cannot_move_the_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
