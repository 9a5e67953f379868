// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object/row_set.h"

#define BASE 0x1000
#define CODE 0x180000 /* bytes of code: more than a row's offset can say */

static Elf64_Phdr segment = {PT_LOAD, PF_R | PF_X, 0, BASE, BASE, CODE, CODE, 0x1000};
static const struct elf code = {.segments = &segment, .n_segments = 1};

static struct abi_rule made(int32_t offset)
{
	return (struct abi_rule){.cfa = CFA_REGISTER, .reg = 7, .cfa_offset = offset, .ra_offset = -8};
}

static void give_row(const struct row_sink *sink, uint64_t at, int32_t offset)
{
	struct abi_rule rule = made(offset);

	assert_int_equal(sink->row(sink->context, BASE + at, &rule), 0);
}

static void give_range(const struct row_sink *sink, uint64_t start, uint64_t end)
{
	assert_int_equal(sink->range(sink->context, BASE + start, BASE + end), 0);
}

/* What the set gives back, as an array over the addresses. */
static struct {
	uint16_t rule[CODE + 2], now;
	uint64_t at; /* where `now` starts */
	unsigned rows;
} drawn;

static void draw_to(uint64_t end)
{
	while (drawn.at < end)
		drawn.rule[drawn.at++] = drawn.now;
}

static int draw(void *context, uint64_t start, uint16_t rule)
{
	(void)context;
	assert_in_range(start, BASE + drawn.at, BASE + CODE);
	draw_to(start - BASE);
	drawn.now = rule;
	drawn.rows++;
	return 0;
}

static void draw_all(struct row_set *set)
{
	drawn.now = 0;
	drawn.at = 0;
	drawn.rows = 0;
	assert_int_equal(row_set_each(set, draw, NULL), 0);
	draw_to(CODE + 2);
}

/* The same by brute force: sources one after another, the lower start first, then the first given. */
struct model_range {
	uint32_t start, end, order;
	int32_t row[3];
	uint32_t row_at[3];
};

static int by_start(const void *a, const void *b)
{
	const struct model_range *x = a, *y = b;

	return x->start != y->start ? (x->start < y->start ? -1 : 1) : (x->order < y->order ? -1 : 1);
}

#define SPAN 200
#define RANGES 12

static void model_source(struct model_range *ranges, struct rules *rules, uint16_t *rule, bool *taken)
{
	bool mine[SPAN] = {false};

	qsort(ranges, RANGES, sizeof(*ranges), by_start);
	for (unsigned i = 0; i < RANGES; i++) {
		uint16_t now = 0;

		for (uint32_t at = ranges[i].start; at < ranges[i].end; at++) {
			for (unsigned j = 0; j < 3; j++)
				if (ranges[i].row_at[j] == at) {
					struct abi_rule row = made(ranges[i].row[j]);

					now = rules_add(rules, &row);
				}
			if (!taken[at] && !mine[at])
				rule[at] = now;
			mine[at] = true;
		}
	}
	for (unsigned at = 0; at < SPAN; at++)
		taken[at] = taken[at] || mine[at];
}

static void give_source(const struct row_sink *sink, struct model_range *ranges)
{
	for (unsigned i = 0; i < RANGES; i++) {
		struct model_range *range = &ranges[i];

		*range = (struct model_range){.order = i, .start = (uint32_t)rand() % (SPAN - 30)};
		range->end = range->start + 1 + (uint32_t)rand() % 30;
		for (unsigned j = 0; j < 3; j++) {
			range->row[j] = rand() % 4;
			range->row_at[j] = (j ? range->row_at[j - 1] : range->start) + (uint32_t)rand() % 12;
		}
		give_range(sink, range->start, range->end);
		for (unsigned j = 0; j < 3; j++)
			give_row(sink, range->row_at[j], range->row[j]);
	}
}

static void test_against_a_model(void **state)
{
	(void)state;
	srand(1);
	for (unsigned round = 0; round < 100; round++) {
		struct model_range ranges[RANGES];
		uint16_t rule[SPAN] = {0};
		bool taken[SPAN] = {false};
		struct row_sink sink;
		struct rules rules;
		struct row_set set;

		assert_int_equal(rules_init(&rules, NULL), 0);
		row_set_init(&set, &code, &rules);
		sink = row_set_sink(&set);
		for (unsigned source = 0; source < 3; source++) {
			give_source(&sink, ranges);
			assert_int_equal(row_set_settle(&set), 0);
			model_source(ranges, &rules, rule, taken);
		}
		draw_all(&set);
		assert_memory_equal(drawn.rule, rule, sizeof(rule));
		row_set_release(&set);
		rules_release(&rules);
	}
}

static void test_outside_of_code(void **state)
{
	struct rules rules;
	struct row_set set;
	struct row_sink sink;

	(void)state;
	rules_init(&rules, NULL);
	row_set_init(&set, &code, &rules);
	sink = row_set_sink(&set);
	give_range(&sink, (uint64_t)-BASE, 0); /* [0, BASE) */
	give_row(&sink, (uint64_t)-BASE, 1);
	give_range(&sink, CODE, CODE + 8);
	give_row(&sink, CODE, 1);
	give_range(&sink, 8, 8);
	give_row(&sink, 8, 1);
	assert_int_equal(set.n_ranges, 0);
	give_range(&sink, CODE - 4, CODE + 8); /* ends with the segment */
	give_row(&sink, CODE - 4, 1);
	give_row(&sink, CODE + 2, 2);
	give_row(&sink, CODE - 8, 3); /* ahead of its range */
	assert_int_equal(row_set_settle(&set), 0);
	draw_all(&set);
	assert_int_equal(drawn.rule[CODE - 5], 0);
	assert_int_equal(drawn.rule[CODE - 4], 3);
	assert_int_equal(drawn.rule[CODE], 0);
	assert_int_equal(drawn.rows, 2);
	assert_int_equal(set.overlaps, 0);
	row_set_release(&set);
	rules_release(&rules);
}

static void test_long_range(void **state)
{
	struct rules rules;
	struct row_set set;
	struct row_sink sink;

	(void)state;
	rules_init(&rules, NULL);
	row_set_init(&set, &code, &rules);
	sink = row_set_sink(&set);
	give_range(&sink, 0, CODE);
	give_row(&sink, 0, 1);
	give_row(&sink, 0xfffe, 2);
	give_row(&sink, 0xffff, 1);
	give_row(&sink, 0x10000, 1);
	give_row(&sink, 0x17ffff, 3);
	give_row(&sink, 0x17fffe, 4); /* does not ascend */
	assert_int_equal(row_set_settle(&set), 0);
	draw_all(&set);
	assert_int_equal(drawn.rule[0xfffd], 3);
	assert_int_equal(drawn.rule[0xfffe], 4);
	assert_int_equal(drawn.rule[0xffff], 3);
	assert_int_equal(drawn.rule[0x17fffe], 3);
	assert_int_equal(drawn.rule[0x17ffff], 5);
	row_set_release(&set);
	rules_release(&rules);
}

static void test_overlaps_are_counted(void **state)
{
	struct rules rules;
	struct row_set set;
	struct row_sink sink;

	(void)state;
	rules_init(&rules, NULL);
	row_set_init(&set, &code, &rules);
	sink = row_set_sink(&set);
	give_range(&sink, 10, 20);
	give_row(&sink, 10, 1);
	give_range(&sink, 15, 30);
	give_row(&sink, 15, 2);
	give_range(&sink, 12, 14);
	give_row(&sink, 12, 3);
	assert_int_equal(row_set_settle(&set), 0);
	draw_all(&set);
	assert_int_equal(set.overlaps, 2);
	assert_int_equal(set.n_settled, 2);
	assert_int_equal(drawn.rule[13], 3);
	assert_int_equal(drawn.rule[20], 4);
	row_set_release(&set);
	rules_release(&rules);
}

static void test_row_limit(void **state)
{
	struct rules rules;
	struct row_set set;
	struct row_sink sink;

	(void)state;
	rules_init(&rules, NULL);
	row_set_init(&set, &code, &rules);
	sink = row_set_sink(&set);
	for (uint32_t i = 0; i < ROW_SET_ROWS / 0x8000 + 1; i++) {
		give_range(&sink, 0, CODE);
		for (uint32_t at = 0; at < 0x8000; at++)
			give_row(&sink, at, (int32_t)(at & 1));
	}
	assert_int_equal(set.n_rows, ROW_SET_ROWS);
	assert_int_equal(set.rows[ROW_SET_ROWS - 1].rule, 1);
	assert_int_equal(set.no_room, 0x8000 + 1);
	row_set_release(&set);
	rules_release(&rules);
}

static void test_range_limit(void **state)
{
	struct rules rules;
	struct row_set set;
	struct row_sink sink;

	(void)state;
	rules_init(&rules, NULL);
	row_set_init(&set, &code, &rules);
	sink = row_set_sink(&set);
	for (uint32_t i = 0; i < ROW_SET_RANGES + 2; i++)
		give_range(&sink, i % CODE, i % CODE + 1);
	assert_int_equal(set.n_ranges, ROW_SET_RANGES);
	assert_int_equal(set.no_room, 2);
	row_set_release(&set);
	rules_release(&rules);
}

static void test_full_dictionary(void **state)
{
	struct rules rules;
	struct row_set set;
	struct row_sink sink;

	(void)state;
	rules_init(&rules, NULL);
	row_set_init(&set, &code, &rules);
	sink = row_set_sink(&set);
	give_range(&sink, 0, CODE);
	for (uint32_t i = 0; i < ABI_RULES; i++)
		give_row(&sink, i, (int32_t)i);
	assert_int_equal(set.no_room, 3);
	assert_int_equal(row_set_settle(&set), 0);
	draw_all(&set);
	assert_int_equal(drawn.rule[ABI_RULES - 4], ABI_RULES - 1);
	assert_int_equal(drawn.rule[ABI_RULES - 3], 1);
	row_set_release(&set);
	rules_release(&rules);
}

static int refuse(void *context, uint64_t start, uint16_t rule)
{
	(void)start;
	(void)rule;
	++*(unsigned *)context;
	return -ENOMEM;
}

static void test_reader_that_fails(void **state)
{
	struct rules rules;
	struct row_set set;
	struct row_sink sink;
	unsigned calls = 0;

	(void)state;
	rules_init(&rules, NULL);
	row_set_init(&set, &code, &rules);
	sink = row_set_sink(&set);
	assert_int_equal(row_set_each(&set, refuse, &calls), 0);
	assert_int_equal(calls, 0);
	give_range(&sink, 0, 8);
	give_row(&sink, 0, 1);
	assert_int_equal(row_set_settle(&set), 0);
	assert_int_equal(row_set_each(&set, refuse, &calls), -ENOMEM);
	assert_int_equal(calls, 1);
	row_set_release(&set);
	rules_release(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_a_model), cmocka_unit_test(test_outside_of_code),
		cmocka_unit_test(test_long_range), cmocka_unit_test(test_overlaps_are_counted),
		cmocka_unit_test(test_row_limit), cmocka_unit_test(test_range_limit),
		cmocka_unit_test(test_full_dictionary), cmocka_unit_test(test_reader_that_fails),
	};

	return cmocka_run_group_tests_name("row_set", tests, NULL, NULL);
}
