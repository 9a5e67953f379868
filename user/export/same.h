/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Things by index of which some are equal once they are written: each gets one that stands for all its equals. */
#ifndef PROFOUND_SAME_H
#define PROFOUND_SAME_H

#include <stdbool.h>
#include <stdint.h>

struct same_rule {
	uint64_t (*hash)(const void *context, uint32_t i); /* any 64 bits, mixed well */
	bool (*equal)(const void *context, uint32_t a, uint32_t b);
	const void *context;
};

/* One index a thing, to be freed: the first that is equal to it. NULL: no memory. Nothing is copied. */
uint32_t *same_find(uint32_t count, const struct same_rule *rule);

#endif
