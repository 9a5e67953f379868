// SPDX-License-Identifier: GPL-2.0-or-later
/* What came before a sample of the same CPU, and nothing else. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <setjmp.h>
#include <cmocka.h>

#include "collect/deferred_frames.h"

struct made {
	struct abi_deferred_runtime head;
	struct abi_runtime_frame frames[ABI_RUNTIME_FRAMES];
};

static struct made made;

static size_t make(uint32_t cpu, uint32_t sequence, uint32_t n)
{
	made.head = (struct abi_deferred_runtime){DEFERRED_RUNTIME, cpu, sequence, n};
	for (uint32_t i = 0; i < n && i < ABI_RUNTIME_FRAMES; i++)
		made.frames[i].code = cpu * 1000 + sequence;
	return sizeof(made.head) + n * sizeof(*made.frames);
}

static const struct abi_runtime_frame *find(const struct deferred_frames *frames, uint32_t cpu, uint32_t sequence,
	uint16_t n)
{
	const struct abi_deferred record = {.cpu = cpu, .sequence = sequence, .entry.n_runtime = n};

	return deferred_frames_find(frames, &record);
}

static void test_joined(void **state)
{
	struct deferred_frames frames;

	(void)state;
	assert_int_equal(deferred_frames_init(&frames, 2), 0);
	assert_null(find(&frames, 0, 7, 3));
	assert_int_equal(deferred_frames_keep(&frames, &made.head, make(0, 7, 3)), 0);
	assert_int_equal(deferred_frames_keep(&frames, &made.head, make(1, 9, ABI_RUNTIME_FRAMES)), 0);
	assert_int_equal(find(&frames, 0, 7, 3)[2].code, 7);
	assert_int_equal(find(&frames, 1, 9, ABI_RUNTIME_FRAMES)[1023].code, 1009);
	assert_null(find(&frames, 0, 8, 3)); /* its own were lost */
	assert_null(find(&frames, 0, 7, 2));
	assert_null(find(&frames, 2, 7, 3));
	assert_int_equal(deferred_frames_keep(&frames, &made.head, make(0, 8, 1)), 0);
	assert_null(find(&frames, 0, 7, 3));
	assert_int_equal(find(&frames, 0, 8, 1)->code, 8);
	deferred_frames_release(&frames);
}

static void test_refused(void **state)
{
	struct deferred_frames frames;
	size_t size = make(0, 1, 2);

	(void)state;
	assert_int_equal(deferred_frames_init(&frames, 1), 0);
	for (size_t cut = 0; cut < size; cut++)
		assert_int_equal(deferred_frames_keep(&frames, &made.head, cut), -EINVAL);
	assert_int_equal(deferred_frames_keep(&frames, &made.head, make(1, 1, 2)), -EINVAL);
	assert_int_equal(deferred_frames_keep(&frames, &made.head, make(0, 1, ABI_RUNTIME_FRAMES + 1)), -EINVAL);
	assert_int_equal(deferred_frames_keep(&frames, &made.head, make(0, 1, UINT32_MAX)), -EINVAL);
	deferred_frames_release(&frames);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_joined), cmocka_unit_test(test_refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
