// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "export/stats_json.h"
#include "made_trust.h"
#include "profile/figures.h"

/* As a format writes it and a reader finds it. */
static int carry(void *into, const struct figure *figure)
{
	char value[128];

	assert_false(figure->null);
	assert_true(strlen(figure->key) < FIGURE_KEY);
	if (figure->kind == FIGURE_INT)
		snprintf(value, sizeof(value), "%" PRId64, figure->integer);
	else if (figure->kind == FIGURE_REAL)
		snprintf(value, sizeof(value), "%.9g", figure->real);
	else
		snprintf(value, sizeof(value), "%s", figure->text);
	assert_int_equal(figures_take(into, figure->key, value), 0);
	return 0;
}

static char *stats_of(const struct trust *trust)
{
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);

	assert_int_equal(stats_json_write(trust, stream), 0);
	fclose(stream);
	return text;
}

static void test_carried_whole(void **state)
{
	struct trust trust = made_trust(), read;
	char *before, *after;

	(void)state;
	trust.n_unnamed = 0; /* files are not figures */
	trust.idle = TRUST_NULL;
	figures_forget(&read);
	assert_int_equal(figures_each_known(&trust, carry, &read), 0);
	before = stats_of(&trust);
	after = stats_of(&read);
	assert_string_equal(before, after);
	assert_true(read.idle == TRUST_NULL);
	free(before);
	free(after);
	trust_release(&read);
}

static int stop(void *context, const struct figure *figure)
{
	(void)figure;
	return --*(int *)context ? 0 : -EIO;
}

static void test_stops(void **state)
{
	struct trust trust = made_trust();
	int left = 3;

	(void)state;
	assert_int_equal(figures_each(&trust, stop, &left), -EIO);
	assert_int_equal(left, 0);
}

static void test_refused(void **state)
{
	struct trust trust;

	(void)state;
	figures_forget(&trust);
	assert_int_equal(figures_take(&trust, "samples.expectedx", "1"), -ENOENT);
	assert_int_equal(figures_take(&trust, "samples.lost", "1"), -ENOENT);
	assert_int_equal(figures_take(&trust, "samples.lost.nothing", "1"), -ENOENT);
	assert_int_equal(figures_take(&trust, "stacks.cut.not_run", "1"), -ENOENT);
	assert_int_equal(figures_take(&trust, "samples.expected", "-1"), -EINVAL);
	assert_int_equal(figures_take(&trust, "samples.expected", "99999999999999999999"), -EINVAL);
	assert_int_equal(figures_take(&trust, "samples.expected", ""), -EINVAL);
	assert_int_equal(figures_take(&trust, "time.total_seconds", "nan"), -EINVAL);
	assert_int_equal(figures_take(&trust, "time.total_seconds", "1x"), -EINVAL);
	assert_true(trust.expected == TRUST_NULL && trust.total_seconds < 0);
}

static void test_forgotten(void **state)
{
	struct trust trust;
	char *text;

	(void)state;
	figures_forget(&trust);
	text = stats_of(&trust);
	assert_non_null(strstr(text, "\"expected\": null"));
	assert_non_null(strstr(text, "\"not_run\": null"));
	assert_non_null(strstr(text, "\"corrupt\": 0"));
	assert_non_null(strstr(text, "\"total_seconds\": null"));
	free(text);
}

static void test_added(void **state)
{
	struct trust sum, other = made_trust();

	(void)state;
	figures_forget(&sum);
	assert_int_equal(figures_each_known(&other, carry, &sum), 0);
	other.max_rss_bytes = 18000000;
	other.idle = TRUST_NULL;
	assert_int_equal(figures_add(&sum, &other), 0);
	assert_int_equal(sum.expected, 2 * 1980);
	assert_int_equal(sum.counter[COUNTER_no_unwind_info], 6);
	assert_true(sum.distinct == TRUST_NULL); /* how many are in both? */
	assert_int_equal(sum.max_rss_bytes, 18000000);
	assert_true(sum.idle == TRUST_NULL);
	assert_int_equal(sum.frequency_hz, 99);
	assert_string_equal(sum.event, "cycles");
	other.event = "instructions";
	other.frequency_hz = 19;
	other.kernel[0] = 'x';
	other.expected = INT64_MAX;
	assert_int_equal(figures_add(&sum, &other), 0);
	assert_null(sum.event);
	assert_true(sum.frequency_hz == TRUST_NULL && sum.expected == TRUST_NULL);
	assert_string_equal(sum.kernel, "");
	trust_release(&sum);
}

/* A file without figures does not hide what another one says. */
static void test_known_loss_stays(void **state)
{
	struct trust known = made_trust(), unknown;

	(void)state;
	known.event = NULL;
	known.counter[COUNTER_ring_full] = 7;
	figures_forget(&unknown);
	assert_int_equal(figures_add(&unknown, &known), 0);
	assert_int_equal(unknown.counter[COUNTER_ring_full], 7);
	assert_int_equal(unknown.counter[COUNTER_not_run], 2);
	assert_true(unknown.expected == TRUST_NULL && unknown.complete == TRUST_NULL);
	figures_forget(&unknown);
	assert_int_equal(figures_add(&known, &unknown), 0);
	assert_int_equal(known.counter[COUNTER_ring_full], 7);
	assert_true(known.expected == TRUST_NULL && known.complete == TRUST_NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_carried_whole),
		cmocka_unit_test(test_stops),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_added),
		cmocka_unit_test(test_known_loss_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
