// SPDX-License-Identifier: GPL-2.0-or-later
/* How the memory allowed is divided: all parts together are within it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "abi.h"
#include "collect/memory_plan.h"

#define CHUNK ((uint64_t)ABI_CHUNK_PAGES * ABI_ROWS * sizeof(struct abi_row))

static uint64_t sum(const struct memory_plan *plan, uint32_t cpus)
{
	return memory_plan_banks(plan, cpus) + plan->ring_bytes + plan->arena_words * 8ULL +
	       plan->chunks * CHUNK + plan->heap_bytes;
}

static void test_within(void **state)
{
	static const uint32_t cpus[] = {1, 2, 16, 128}, rates[] = {0, 19, 99, 999, 9999};

	(void)state;
	for (uint64_t memory = 32ULL << 20; memory <= 4ULL << 30; memory *= 2)
		for (size_t i = 0; i < sizeof(cpus) / sizeof(*cpus); i++)
			for (size_t j = 0; j < sizeof(rates) / sizeof(*rates); j++) {
				struct memory_plan plan;

				memory_plan(&plan, cpus[i], rates[j], memory);
				if (sum(&plan, cpus[i]) > memory)
					fail_msg("%lu MiB, %u CPUs, %u Hz: %lu", memory >> 20, cpus[i], rates[j],
						sum(&plan, cpus[i]));
			}
}

static bool is_power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

/* The kernel side masks by them, and 5.10 takes no value of more than 4 MiB. */
static void test_shapes(void **state)
{
	(void)state;
	for (uint64_t memory = 1 << 20; memory <= 4ULL << 30; memory *= 2) {
		struct memory_plan plan;

		memory_plan(&plan, 8, 9999, memory);
		assert_true(is_power_of_two(plan.entries) && is_power_of_two(plan.slots));
		assert_true(is_power_of_two(plan.words) && is_power_of_two(plan.arena_words));
		assert_true(is_power_of_two(plan.ring_bytes) && plan.ring_bytes >= 4096);
		assert_true(plan.chunks >= 1 && plan.chunks <= ABI_CHUNKS);
		assert_true((plan.words + ABI_STACK_WORDS) * 8ULL <= 4 << 20);
		assert_true(plan.arena_words * 8ULL + ABI_ARENA_SLACK <= 4 << 20);
	}
}

/* By default more rows fit than the largest browser has, twice. */
static void test_default(void **state)
{
	struct memory_plan plan;

	(void)state;
	memory_plan(&plan, 2, 99, 64 << 20);
	assert_true(plan.chunks * CHUNK / sizeof(struct abi_row) >= 8000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
