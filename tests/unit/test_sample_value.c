// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "collect/event_names.h"
#include "collect/sample_value.h"

static struct sampling sampling_of(const char *name, uint32_t frequency_hz, uint64_t count)
{
	struct sampling sampling = {.frequency_hz = frequency_hz, .count = count};
	const struct event_name *known = event_names_find(name);

	snprintf(sampling.event.name, sizeof(sampling.event.name), "%s", name);
	sampling.event.type = known ? known->type : PERF_TYPE_RAW;
	sampling.event.config = known ? known->config : 0x1a8;
	return sampling;
}

static void expect(const struct sampling *sampling, const char *type, const char *unit, uint64_t period)
{
	struct sample_value value = sample_value_of(sampling);

	assert_string_equal(value.period_type, type);
	assert_string_equal(value.period_unit, unit);
	assert_int_equal(value.period, period);
}

static void test_clock(void **state)
{
	struct sampling sampling = sampling_of("cpu-clock", 99, 0);

	(void)state;
	sampling.event.clock = true;
	sampling.clock_period_ns = 10101010;
	expect(&sampling, "cpu", "nanoseconds", 10101010);
	sampling.frequency_hz = 0;
	sampling.count = 1;
	sampling.clock_period_ns = 10000;
	expect(&sampling, "cpu", "nanoseconds", 10000);
}

static void test_hardware(void **state)
{
	static const struct {
		const char *name;
		uint32_t frequency_hz;
		uint64_t count;
		const char *type, *unit;
		uint64_t period;
	} events[] = {
		{"cycles", 99, 0, "cpu", "nanoseconds", 10101010},
		{"cpu-cycles", 999, 0, "cpu", "nanoseconds", 1001001},
		{"ref-cycles", 100, 0, "cpu", "nanoseconds", 10000000},
		{"cycles", 0, 1000000, "cycles", "count", 1000000},
		{"instructions", 99, 0, "samples", "count", 1},
		{"instructions", 0, 2000000, "instructions", "count", 2000000},
		{"cache-misses", 0, 1000, "cache_misses", "count", 1000},
		{"page-faults", 0, 1, "page_faults", "count", 1},
		{"context-switches", 99, 0, "samples", "count", 1},
		{"r1a8", 0, 7, "r1a8", "count", 7},
		{"r1a8", 99, 0, "samples", "count", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		struct sampling sampling = sampling_of(events[i].name, events[i].frequency_hz, events[i].count);

		expect(&sampling, events[i].type, events[i].unit, events[i].period);
	}
}

/* Labels of back ends are made of it. */
static void test_name(void **state)
{
	struct sampling sampling = sampling_of("cpu/event=0x3c,umask=0x1/k", 0, 5);

	(void)state;
	expect(&sampling, "cpu_event_0x3c_umask_0x1_k", "count", 5);
	sampling = sampling_of("L1-dcache-load-misses:u", 0, 5);
	expect(&sampling, "L1_dcache_load_misses_u", "count", 5);
}

/* A hybrid machine's cycles are those of one of its PMUs. */
static void test_hybrid_cycles(void **state)
{
	struct sampling sampling = sampling_of("cycles", 100, 0);

	(void)state;
	sampling.event.config |= 4ull << 32;
	expect(&sampling, "cpu", "nanoseconds", 10000000);
}

static void test_set(void **state)
{
	struct sampling sampling = sampling_of("branch-misses", 0, 300);
	struct profile profile = {0};

	(void)state;
	assert_int_equal(sample_value_set(&profile, &sampling), 0);
	assert_string_equal(profile_text(&profile, profile.value.type), "samples");
	assert_string_equal(profile_text(&profile, profile.value.unit), "count");
	assert_string_equal(profile_text(&profile, profile.value.period_type), "branch_misses");
	assert_string_equal(profile_text(&profile, profile.value.period_unit), "count");
	assert_int_equal(profile.value.period, 300);
	profile_release(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock), cmocka_unit_test(test_hardware), cmocka_unit_test(test_name),
		cmocka_unit_test(test_hybrid_cycles), cmocka_unit_test(test_set),
	};

	return cmocka_run_group_tests_name("sample_value", tests, NULL, NULL);
}
