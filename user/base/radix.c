// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/radix.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/large.h"

static unsigned digit_of(uint64_t key, unsigned shift)
{
	return key >> shift & 0xff;
}

/* Where the items of each digit begin. False: all have the same. */
static bool find_starts(const struct radix_item *items, uint32_t count, unsigned shift, uint32_t starts[256])
{
	uint32_t at = 0;

	memset(starts, 0, 256 * sizeof(*starts));
	for (uint32_t i = 0; i < count; i++)
		starts[digit_of(items[i].key, shift)]++;
	if (starts[digit_of(items[0].key, shift)] == count)
		return false;
	for (unsigned digit = 0; digit < 256; digit++) {
		uint32_t n = starts[digit];

		starts[digit] = at;
		at += n;
	}
	return true;
}

int radix_sort(struct radix_item *items, uint32_t count)
{
	size_t size = count * sizeof(*items);
	struct radix_item *from = items, *to, *other;
	uint32_t starts[256];

	if (count < 2)
		return 0;
	other = to = large_alloc(size);
	if (!other)
		return -ENOMEM;
	for (unsigned shift = 0; shift < 64; shift += 8) {
		struct radix_item *sorted = to;

		if (!find_starts(from, count, shift, starts))
			continue;
		for (uint32_t i = 0; i < count; i++)
			to[starts[digit_of(from[i].key, shift)]++] = from[i];
		to = from;
		from = sorted;
	}
	if (from != items)
		memcpy(items, from, size);
	large_free(other, size);
	return 0;
}
