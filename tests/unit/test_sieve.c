// SPDX-License-Identifier: GPL-2.0-or-later
#include "made_report.h"

#include "report/sieve.h"

static struct pattern compiled(const char *text)
{
	struct pattern pattern = {0};

	if (text)
		assert_int_equal(pattern_init(&pattern, text, NULL), 0);
	return pattern;
}

static void expect_folded(const struct profile *profile, const char *expected)
{
	char *got = made_text(folded_write, profile, NULL);

	assert_string_equal(got, expected);
	free(got);
}

static void expect(const char *focus, const char *hide, const char *expected)
{
	struct pattern keep = compiled(focus), out = compiled(hide);
	struct profile profile = made_report();
	struct labels labels;

	assert_int_equal(labels_init(&labels, &profile, LABELS_FUNCTION, false), 0);
	assert_int_equal(sieve_stacks(&profile, &labels, focus ? &keep : NULL, hide ? &out : NULL), 0);
	labels_release(&labels);
	expect_folded(&profile, expected);
	profile_release(&profile);
	pattern_release(&keep);
	pattern_release(&out);
}

static void expect_rows(enum labels_by by, const char *filter, const char *expected)
{
	struct pattern pattern = compiled(filter);
	struct profile profile = made_report();
	struct labels labels;

	assert_int_equal(labels_init(&labels, &profile, by, false), 0);
	assert_int_equal(sieve_rows(&profile, &labels, &pattern), 0);
	labels_release(&labels);
	expect_folded(&profile, expected);
	profile_release(&profile);
	pattern_release(&pattern);
}

#define CUT "job;[truncated: corrupt] 1\njob;[truncated: corrupt];[libx++.so+0x12];Widget::draw 4\n"
#define DEEP "web;main;run;inner:most;main;run;inner:most 20\n"
#define ALL CUT "kworker 5\nw-2;main 2\n" "web;main;read_[k] 8\n" DEEP

static void nothing_asked_changes_nothing(void **state)
{
	(void)state;
	expect(NULL, NULL, ALL);
	expect(".", NULL, ALL);
	expect(NULL, "no such function", ALL);
}

static void focus_keeps_stacks_with_a_function(void **state)
{
	(void)state;
	expect("^run$", NULL, DEEP);
	expect("_\\[k]$", NULL, "web;main;read_[k] 8\n");
	expect("truncated", NULL, CUT);
	expect("nothing", NULL, "");
	expect("inner:most|Widget", NULL, "job;[truncated: corrupt];[libx++.so+0x12];Widget::draw 4\n" DEEP);
}

/* An inlined function goes and the one that it was inlined into stays. */
static void hide_takes_functions_out(void **state)
{
	(void)state;
	expect(NULL, "^inner", CUT "kworker 5\nw-2;main 2\nweb;main;read_[k] 8\nweb;main;run;main;run 20\n");
	expect(NULL, "^(main|run|inner:most)$", CUT "kworker 5\nw-2 2\nweb 20\nweb;read_[k] 8\n");
}

/* What is left without a function keeps its samples under its comm; the cause of a cut is never hidden. */
static void hide_loses_no_sample(void **state)
{
	(void)state;
	expect(NULL, ".", "job;[truncated: corrupt] 5\nkworker 5\nw-2 2\nweb 28\n");
}

static void focus_sees_what_is_hidden(void **state)
{
	(void)state;
	expect("^run$", "^run$", "web;main;inner:most;main;inner:most 20\n");
}

static void rows_keep_their_samples(void **state)
{
	(void)state;
	expect_rows(LABELS_FUNCTION, "^main$", "w-2;main 2\n");
	expect_rows(LABELS_FUNCTION, "truncated|no frame", "job;[truncated: corrupt] 1\nkworker 5\n");
	expect_rows(LABELS_COMM, "^w", "w-2;main 2\n" "web;main;read_[k] 8\n" DEEP);
	expect_rows(LABELS_CONTAINER, "^-$", "job;[truncated: corrupt];[libx++.so+0x12];Widget::draw 4\nkworker 5\n");
	expect_rows(LABELS_FILE, "lib.h", DEEP);
	expect_rows(LABELS_PROCESS, "none", "");
}

/* It is a profile like any other: it can be sieved again. */
static void a_sieve_after_a_sieve(void **state)
{
	struct pattern main_only = compiled("^main$"), kernel = compiled("_\\[k]$");
	struct profile profile = made_report();
	struct labels labels;

	(void)state;
	assert_int_equal(labels_init(&labels, &profile, LABELS_FUNCTION, false), 0);
	assert_int_equal(sieve_stacks(&profile, &labels, NULL, &main_only), 0);
	labels_release(&labels);
	assert_int_equal(labels_init(&labels, &profile, LABELS_FUNCTION, false), 0);
	assert_int_equal(sieve_stacks(&profile, &labels, &kernel, &kernel), 0);
	labels_release(&labels);
	expect_folded(&profile, "web 8\n");
	assert_int_equal(profile_total(&profile), 8);
	profile_release(&profile);
	pattern_release(&main_only);
	pattern_release(&kernel);
}

static void an_empty_profile_stays_empty(void **state)
{
	struct pattern pattern = compiled(".");
	struct profile profile = {0};
	struct labels labels;

	(void)state;
	assert_int_equal(labels_init(&labels, &profile, LABELS_FUNCTION, false), 0);
	assert_int_equal(sieve_stacks(&profile, &labels, &pattern, &pattern), 0);
	labels_release(&labels);
	assert_int_equal(profile.samples.count, 0);
	profile_release(&profile);
	pattern_release(&pattern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_asked_changes_nothing),
		cmocka_unit_test(focus_keeps_stacks_with_a_function),
		cmocka_unit_test(hide_takes_functions_out),
		cmocka_unit_test(hide_loses_no_sample),
		cmocka_unit_test(focus_sees_what_is_hidden),
		cmocka_unit_test(rows_keep_their_samples),
		cmocka_unit_test(a_sieve_after_a_sieve),
		cmocka_unit_test(an_empty_profile_stays_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
