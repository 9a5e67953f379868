// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "made_profile.h"
#include "send/otlp_requests.h"

#define RESOURCES 7

static struct profile profile;
static struct trust trust;
static const struct export_view view = {.profile = &profile, .trust = &trust};

/* Samples of processes whose resources go round; every tenth one counts nothing. */
static void fill(uint32_t samples)
{
	profile_release(&profile);
	profile = (struct profile){0};
	for (uint32_t i = 0; i < samples; i++) {
		const struct profile_process process = {.pid = i % RESOURCES + 1};
		struct profile_sample key = {0};
		uint32_t frame = made_frame(&profile, FRAME_ANON);

		assert_int_equal(profile_process(&profile, &process, &key.process), 0);
		profile.who[key.process].resource = RESOURCES - i % RESOURCES;
		made_sample(&profile, "x", &frame, 1, key, i % 10 ? 1 : 0);
	}
}

/* What one sample takes; the dictionary takes 1000 bytes. */
static size_t sample_bytes;
static unsigned encoded;

static int encode(const struct export_view *of, struct otlp_samples samples, struct wire *out)
{
	size_t size = 1000;

	assert_ptr_equal(of, &view);
	for (uint32_t i = 0; i < samples.count; i++)
		size += samples.at[i] == 5 && sample_bytes == 1 ? OTLP_REQUEST_BYTES : sample_bytes;
	assert_true(wire_reserve(out, size));
	memset(out->data, 0, size);
	out->len = size;
	encoded++;
	return 0;
}

static int no_memory(const struct export_view *of, struct otlp_samples samples, struct wire *out)
{
	(void)of, (void)samples, (void)out;
	return -ENOMEM;
}

/* Splits all; each sample that counts comes once, in the order of resources. Returns how many requests. */
static unsigned split(uint32_t samples, size_t bytes, unsigned *too_large)
{
	struct otlp_requests requests;
	struct otlp_request request;
	uint32_t last = 0, seen = 0;
	unsigned count = 0;
	int more;

	fill(samples);
	sample_bytes = bytes;
	encoded = *too_large = 0;
	assert_int_equal(otlp_requests_init(&requests, &view, encode), 0);
	while ((more = otlp_requests_next(&requests, &request))) {
		if (more == -E2BIG) {
			++*too_large;
			continue;
		}
		assert_int_equal(more, 1);
		assert_in_range(request.samples.count, 1, OTLP_REQUEST_SAMPLES);
		assert_true(request.len <= OTLP_REQUEST_BYTES);
		for (uint32_t i = 0; i < request.samples.count; i++) {
			uint32_t at = request.samples.at[i];
			uint32_t resource = profile.who[profile_get_sample(&profile, at)->process].resource;

			assert_true(resource >= last);
			assert_int_equal(profile.counts[at], 1);
			last = resource;
			seen++;
		}
		count++;
	}
	assert_int_equal(otlp_requests_next(&requests, &request), 0);
	assert_int_equal(seen + *too_large, samples - (samples + 9) / 10);
	otlp_requests_release(&requests);
	return count;
}

static void nothing_is_no_request(void **state)
{
	unsigned too_large;

	(void)state;
	assert_int_equal(split(0, 10, &too_large), 0);
	assert_int_equal(split(1, 10, &too_large), 0);
}

static void at_most_so_many_samples(void **state)
{
	unsigned too_large;

	(void)state;
	assert_int_equal(split(10000, 10, &too_large), 1);
	assert_int_equal(split(17000, 10, &too_large), 1);
	assert_int_equal(split(18000, 10, &too_large), 2);
	assert_int_equal(split(40000, 10, &too_large), 3);
	assert_int_equal(encoded, 3);
}

/* 36 MB: ten requests or a few more, and few are encoded in vain. */
static void at_most_so_many_bytes(void **state)
{
	unsigned too_large, count;

	(void)state;
	count = split(40000, 1000, &too_large);
	assert_in_range(count, 9, 12);
	assert_true(encoded <= count + 2);
	assert_int_equal(too_large, 0);
}

static void one_sample_a_request(void **state)
{
	unsigned too_large;

	(void)state;
	assert_int_equal(split(20, 3 << 20, &too_large), 18);
	assert_int_equal(too_large, 0);
}

static void what_is_too_large_is_passed_over(void **state)
{
	unsigned too_large;

	(void)state;
	assert_int_equal(split(20, 5 << 20, &too_large), 0);
	assert_int_equal(too_large, 18);
	assert_true(split(2000, 1, &too_large) >= 2);
	assert_int_equal(too_large, 1);
	assert_true(encoded < 100);
}

static void no_memory_is_said(void **state)
{
	struct otlp_requests requests;
	struct otlp_request request;

	(void)state;
	fill(10);
	assert_int_equal(otlp_requests_init(&requests, &view, no_memory), 0);
	assert_int_equal(otlp_requests_next(&requests, &request), -ENOMEM);
	otlp_requests_release(&requests);
}

static int release(void **state)
{
	(void)state;
	profile_release(&profile);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_no_request),
		cmocka_unit_test(at_most_so_many_samples),
		cmocka_unit_test(at_most_so_many_bytes),
		cmocka_unit_test(one_sample_a_request),
		cmocka_unit_test(what_is_too_large_is_passed_over),
		cmocka_unit_test(no_memory_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
