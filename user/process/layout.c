// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/layout.h"

#include <stdlib.h>

void layout_drop(struct layout *layout)
{
	if (layout && !--layout->refs)
		free(layout);
}

uint32_t layout_count(const struct layout *layout)
{
	return layout ? layout->count : 0;
}

uint32_t layout_search(const struct layout *layout, uint64_t address)
{
	uint32_t low = 0, high = layout_count(layout);

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (layout->at[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

const struct mapping *layout_find(const struct layout *layout, uint64_t address)
{
	uint32_t i = layout_search(layout, address);

	return i < layout_count(layout) && layout->at[i].start <= address ? &layout->at[i] : NULL;
}

bool mapping_same(const struct mapping *a, const struct mapping *b)
{
	if (a->object != b->object)
		return false;
	return !a->object || a->offset - a->start == b->offset - b->start;
}

struct mapping mapping_cut(const struct mapping *mapping, uint64_t start, uint64_t end)
{
	struct mapping piece = *mapping;

	if (piece.object)
		piece.offset += start - piece.start;
	piece.start = start;
	piece.end = end;
	return piece;
}

bool layout_shows(const struct layout *layout, const struct mapping *mapping)
{
	const struct mapping *there = layout_find(layout, mapping->start);

	return there && there->end >= mapping->end && mapping_same(there, mapping);
}

size_t layout_memory(const struct layout *layout)
{
	return layout ? (sizeof(*layout) + layout->count * sizeof(layout->at[0])) / layout->refs : 0;
}
