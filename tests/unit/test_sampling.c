// SPDX-License-Identifier: GPL-2.0-or-later
/* What this machine samples when it is asked: rates and periods that follow from the event, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "collect/sampling.h"

static struct sampling choose(const char *event, uint32_t frequency_hz, uint64_t count)
{
	const struct sampling_request request = {event, frequency_hz, count};
	struct sampling sampling;
	struct fault fault = {""};

	if (sampling_choose(&sampling, &request, &fault))
		fail_msg("%s: %s", event ? event : "the default", fault.text);
	return sampling;
}

static uint32_t most_hz(void)
{
	FILE *file = fopen("/proc/sys/kernel/perf_event_max_sample_rate", "re");
	uint32_t limit = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%u", &limit), 1);
	fclose(file);
	return limit;
}

static void test_clock_frequency(void **state)
{
	struct sampling sampling = choose("cpu-clock", 99, 0);

	(void)state;
	assert_true(sampling.event.clock);
	assert_false(sampling.event.fell_back);
	assert_int_equal(sampling.frequency_hz, 99);
	assert_int_equal(sampling.frequency_asked_hz, 99);
	assert_int_equal(sampling.fixed_period, NS_PER_SECOND / 99);
	assert_int_equal(sampling.samples_per_second, 99);
	assert_int_equal(sampling.attr.freq, 1);
	assert_int_equal(sampling.attr.sample_freq, 99);
	assert_int_equal(sampling.attr.disabled, 1);
	assert_int_equal(sampling.attr.precise_ip, 0);
}

static void test_clock_count(void **state)
{
	struct sampling sampling = choose("cpu-clock", 0, 2000000);

	(void)state;
	assert_int_equal(sampling.attr.freq, 0);
	assert_int_equal(sampling.attr.sample_period, 2000000);
	assert_int_equal(sampling.fixed_period, 2000000);
	assert_int_equal(sampling.samples_per_second, 500);
	/* The kernel lets no clock fire more often than each 10 us. */
	sampling = choose("cpu-clock", 0, 1);
	assert_int_equal(sampling.fixed_period, 10000);
	assert_int_equal(sampling.clock_period_ns, 10000);
	assert_int_equal(sampling.samples_per_second, 100000);
}

/* It counts all time and fires in a part of it: what did not fire was not lost. */
static void test_clock_of_a_part(void **state)
{
	static const char *const events[] = {"cpu-clock:u", "cpu-clock:k", "task-clock:u"};

	(void)state;
	for (unsigned i = 0; i < sizeof(events) / sizeof(*events); i++) {
		struct sampling sampling = choose(events[i], 99, 0);

		assert_int_equal(sampling.fixed_period, 0);
		assert_int_equal(sampling.clock_period_ns, NS_PER_SECOND / 99);
		assert_int_equal(sampling.samples_per_second, 99);
	}
	assert_int_equal(choose("cpu-clock:uk", 99, 0).fixed_period, NS_PER_SECOND / 99);
}

static void test_event_count(void **state)
{
	struct sampling sampling = choose("context-switches", 0, 7);

	(void)state;
	assert_false(sampling.event.clock);
	assert_int_equal(sampling.fixed_period, 7);
	assert_int_equal(sampling.samples_per_second, 0); /* not known */
}

static void test_event_frequency(void **state)
{
	struct sampling sampling = choose("page-faults", 99, 0);

	(void)state;
	assert_int_equal(sampling.fixed_period, 0); /* the kernel adapts it */
	assert_int_equal(sampling.samples_per_second, 99);
}

static void test_rate_clamp(void **state)
{
	uint32_t limit = most_hz();
	struct sampling sampling = choose("cpu-clock", limit, 0);

	(void)state;
	assert_int_equal(sampling.frequency_hz, limit);
	sampling = choose("cpu-clock", limit + 1, 0);
	assert_int_equal(sampling.frequency_hz, limit);
	assert_int_equal(sampling.frequency_asked_hz, limit + 1);
	assert_int_equal(sampling.attr.sample_freq, limit);
}

/* Without a PMU the default and cycles are cpu-clock, and say so; with one they are cycles. */
static void test_fallback(void **state)
{
	static const char *const events[] = {NULL, "cycles", "cycles:u"};

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		struct sampling sampling = choose(events[i], 99, 0);

		assert_int_equal(sampling.event.fell_back, sampling.event.clock);
		assert_int_equal(sampling.attr.type,
			sampling.event.clock ? PERF_TYPE_SOFTWARE : PERF_TYPE_HARDWARE);
		assert_int_equal(sampling.attr.exclude_kernel, i == 2);
		assert_int_equal(sampling.fixed_period,
			sampling.event.clock && i != 2 ? NS_PER_SECOND / 99 : 0);
	}
}

static void test_refused(void **state)
{
	static const char *const events[] = {"no-such-event", "cpu-clok", "sched:sched_switch", ""};
	struct sampling sampling;
	struct sampling untouched;

	(void)state;
	memset(&sampling, 0x5a, sizeof(sampling));
	untouched = sampling;
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		const struct sampling_request request = {events[i], 99, 0};
		struct fault fault = {""};

		assert_true(sampling_choose(&sampling, &request, &fault) < 0);
		assert_true(fault.text[0] != '\0');
		assert_memory_equal(&sampling, &untouched, sizeof(sampling));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock_frequency),
		cmocka_unit_test(test_clock_count),
		cmocka_unit_test(test_clock_of_a_part),
		cmocka_unit_test(test_event_count),
		cmocka_unit_test(test_event_frequency),
		cmocka_unit_test(test_rate_clamp),
		cmocka_unit_test(test_fallback),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
