// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/row_order.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DIGIT_BITS 11
#define DIGITS (1u << DIGIT_BITS)

struct key {
	uint64_t start;
	uint32_t index;
};

static uint64_t from(const struct row_range *range)
{
	return range->start + range->skip;
}

static uint64_t to(const struct row_range *range)
{
	return range->start + range->length;
}

static bool is_sorted(const struct row_range *ranges, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++)
		if (ranges[i].start < ranges[i - 1].start)
			return false;
	return true;
}

/* One pass of a radix sort, stable. */
static void sort_digit(const struct key *in, struct key *out, uint32_t count, unsigned shift)
{
	uint32_t place[DIGITS] = {0}, sum = 0;

	for (uint32_t i = 0; i < count; i++)
		place[in[i].start >> shift & (DIGITS - 1)]++;
	for (uint32_t digit = 0; digit < DIGITS; digit++) {
		uint32_t n = place[digit];

		place[digit] = sum;
		sum += n;
	}
	for (uint32_t i = 0; i < count; i++)
		out[place[in[i].start >> shift & (DIGITS - 1)]++] = in[i];
}

/* Linkers leave a browser's million FDEs in the order of their input: qsort() takes as long as all
 * the rest. */
static struct key *sort_keys(struct key *keys, struct key *spare, uint32_t count, uint64_t highest)
{
	for (unsigned shift = 0; shift < 64 && highest >> shift; shift += DIGIT_BITS) {
		struct key *sorted = spare;

		sort_digit(keys, sorted, count, shift);
		spare = keys;
		keys = sorted;
	}
	return keys;
}

/* Keys are distances from the lowest start, so that few digits differ. */
static uint64_t make_keys(const struct row_range *ranges, uint32_t count, struct key *keys)
{
	uint64_t lowest = UINT64_MAX, highest = 0;

	for (uint32_t i = 0; i < count; i++)
		if (ranges[i].start < lowest)
			lowest = ranges[i].start;
	for (uint32_t i = 0; i < count; i++) {
		keys[i] = (struct key){ranges[i].start - lowest, i};
		if (keys[i].start > highest)
			highest = keys[i].start;
	}
	return highest;
}

int row_order_sort(struct row_range *ranges, uint32_t count)
{
	struct key *keys, *sorted;
	struct row_range *copy;
	int err = -ENOMEM;

	if (is_sorted(ranges, count))
		return 0;
	keys = malloc(2 * (size_t)count * sizeof(*keys));
	copy = malloc(count * sizeof(*copy));
	if (keys && copy) {
		sorted = sort_keys(keys, keys + count, count, make_keys(ranges, count, keys));
		memcpy(copy, ranges, count * sizeof(*copy));
		for (uint32_t i = 0; i < count; i++)
			ranges[i] = copy[sorted[i].index];
		err = 0;
	}
	free(keys);
	free(copy);
	return err;
}

uint32_t row_order_disjoin(struct row_range *ranges, uint32_t count, uint64_t *overlaps)
{
	uint32_t kept = 0;
	uint64_t covered = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct row_range range = ranges[i];

		if (from(&range) < covered)
			++*overlaps;
		if (to(&range) <= covered)
			continue;
		if (from(&range) < covered)
			range.skip = (uint32_t)(covered - range.start);
		covered = to(&range);
		ranges[kept++] = range;
	}
	return kept;
}

struct merge {
	const struct row_range *first; /* the next one that is not out yet */
	uint32_t n_first;
	uint64_t covered; /* end of the last one that is */
	struct row_range *out;
	uint32_t n_out;
};

static void put(struct merge *merge, const struct row_range *range, uint64_t limit)
{
	struct row_range *out = &merge->out[merge->n_out++];

	*out = *range;
	if (limit < to(out))
		out->length = (uint32_t)(limit - out->start);
}

static void put_first(struct merge *merge)
{
	put(merge, merge->first, UINT64_MAX);
	merge->covered = to(merge->first);
	merge->first++;
	merge->n_first--;
}

/* What the first do not cover of a range of the second, in pieces that share its rows. */
static void put_second(struct merge *merge, struct row_range range)
{
	while (from(&range) < to(&range)) {
		uint64_t limit;

		while (merge->n_first && from(merge->first) <= from(&range))
			put_first(merge);
		if (to(&range) <= merge->covered)
			return;
		if (from(&range) < merge->covered) {
			range.skip = (uint32_t)(merge->covered - range.start);
			continue;
		}
		limit = merge->n_first ? from(merge->first) : UINT64_MAX;
		put(merge, &range, limit);
		if (to(&range) <= limit)
			return;
		range.skip = (uint32_t)(limit - range.start);
	}
}

int row_order_merge(struct row_range **ranges, uint32_t first, uint32_t *count, uint32_t *cap)
{
	/* Each of the first cuts at most one of the second in two. */
	uint32_t room = *count + first;
	struct merge merge = {.first = *ranges, .n_first = first};

	merge.out = malloc(room * sizeof(*merge.out));
	if (!merge.out)
		return -ENOMEM;
	for (uint32_t i = first; i < *count; i++)
		put_second(&merge, (*ranges)[i]);
	while (merge.n_first)
		put_first(&merge);
	free(*ranges);
	*ranges = merge.out;
	*count = merge.n_out;
	*cap = room;
	return 0;
}
