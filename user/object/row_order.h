/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order of struct row_range and who wins where they overlap. For row_set.c. */
#ifndef PROFOUND_ROW_ORDER_H
#define PROFOUND_ROW_ORDER_H

#include <stdint.h>

#include "object/row_set.h"

/* By start; equal ones keep their order. 0 or -ENOMEM. */
int row_order_sort(struct row_range *ranges, uint32_t count);

/*
 * Sorted ranges become disjoint: the one that starts first keeps its addresses, the rest of another
 * one stays. How many are left; *overlaps counts those that lost something.
 */
uint32_t row_order_disjoin(struct row_range *ranges, uint32_t count, uint64_t *overlaps);

/*
 * (*ranges)[0, first) are disjoint and sorted, and so is what follows up to *count. Of the second
 * what the first do not cover is kept, cut to pieces where it must be, and the array becomes one
 * sorted whole. 0; -ENOMEM.
 */
int row_order_merge(struct row_range **ranges, uint32_t first, uint32_t *count, uint32_t *cap);

#endif
