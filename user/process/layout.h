/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is mapped executable at one time: sorted by address, none overlapping, shared by counted owners and not
 * changed while it has more than one. NULL is an empty layout.
 */
#ifndef PROFOUND_LAYOUT_H
#define PROFOUND_LAYOUT_H

#include "process/mappings.h"

struct layout {
	uint32_t refs;
	uint32_t count;
	struct mapping at[];
};

void layout_drop(struct layout *layout);
uint32_t layout_count(const struct layout *layout);

/* The index of the first mapping that ends after `address`; the count when there is none. */
uint32_t layout_search(const struct layout *layout, uint64_t address);
/* The mapping at `address`; NULL: none. */
const struct mapping *layout_find(const struct layout *layout, uint64_t address);
/* Is all of `mapping` there, as one? */
bool layout_shows(const struct layout *layout, const struct mapping *mapping);
/* An owner's share of its bytes on the heap. */
size_t layout_memory(const struct layout *layout);

/* Do both show the same at the same place? */
bool mapping_same(const struct mapping *a, const struct mapping *b);
/* The part of a mapping in [start, end). */
struct mapping mapping_cut(const struct mapping *mapping, uint64_t start, uint64_t end);

#endif
