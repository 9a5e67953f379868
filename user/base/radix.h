/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sorts by a number of 64 bits, byte by byte: linear, stable, and bytes that are the same in all keys cost one look. */
#ifndef PROFOUND_RADIX_H
#define PROFOUND_RADIX_H

#include <stdint.h>

struct radix_item {
	uint64_t key;
	uint32_t value;
};

/* 0; or -ENOMEM, and then the order is what it was. */
int radix_sort(struct radix_item *items, uint32_t count);

#endif
