// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/fde_range.h"

#include "object/unwind_sources.h"

struct search {
	struct fde_range *ranges;
	size_t count;
};

static size_t first_at(const struct search *search, uint64_t start)
{
	size_t low = 0, high = search->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (search->ranges[middle].start < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Told to the first of equal ones, so that an FDE costs one search. */
static int on_range(void *context, uint64_t start, uint64_t end)
{
	struct search *search = context;
	size_t i = first_at(search, start);
	struct fde_range *range = &search->ranges[i];

	if (i < search->count && range->start == start && end > start && (!range->end || end < range->end))
		range->end = end;
	return 0;
}

static int on_row(void *context, uint64_t start, const struct abi_rule *rule)
{
	(void)context;
	(void)start;
	(void)rule;
	return 0;
}

int fde_range_find(const struct elf *elf, struct fde_range *ranges, size_t count)
{
	struct search search = {ranges, count};
	const struct row_sink sink = {on_range, on_row, &search};
	int err;

	for (size_t i = 0; i < count; i++)
		ranges[i].end = 0;
	err = count ? unwind_sources_cfi(elf, &sink) : 0;
	for (size_t i = 1; i < count && !err; i++)
		if (ranges[i].start == ranges[i - 1].start)
			ranges[i].end = ranges[i - 1].end;
	return err;
}
