// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/same.h"

#include <stdlib.h>

struct slot {
	uint32_t hash;
	uint32_t first; /* index + 1; 0: free */
};

/* Twice as many slots as things, so that a search ends soon. */
static uint32_t mask_for(uint32_t count)
{
	uint64_t slots = 64;

	while (slots < (uint64_t)count * 2 && slots < 1u << 31)
		slots *= 2;
	return (uint32_t)(slots - 1);
}

static uint32_t look_up(struct slot *slots, uint32_t mask, const struct same_rule *rule, uint32_t i)
{
	uint32_t hash = (uint32_t)rule->hash(rule->context, i), at = hash & mask;

	for (; slots[at].first; at = (at + 1) & mask)
		if (slots[at].hash == hash && rule->equal(rule->context, slots[at].first - 1, i))
			return slots[at].first - 1;
	slots[at] = (struct slot){hash, i + 1};
	return i;
}

uint32_t *same_find(uint32_t count, const struct same_rule *rule)
{
	uint32_t mask = mask_for(count), *found = malloc(((size_t)count + 1) * sizeof(*found));
	struct slot *slots = calloc((size_t)mask + 1, sizeof(*slots));

	if (!found || !slots || count > mask) {
		free(found);
		free(slots);
		return NULL;
	}
	for (uint32_t i = 0; i < count; i++)
		found[i] = look_up(slots, mask, rule, i);
	free(slots);
	return found;
}
