/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole table of Go's pctab for one function, to look up many of its addresses. */
#ifndef PROFOUND_GO_VALUES_H
#define PROFOUND_GO_VALUES_H

#include "object/go_table.h"

#define GO_VALUES_MAX (1u << 20) /* of one table; what is behind is not known */

struct go_stretch {
	uint32_t end; /* offset in the function */
	int32_t value;
};

struct go_values {
	struct go_stretch *at;
	uint32_t count, cap;
};

/* A zeroed struct is empty. */
void go_values_release(struct go_values *values);

/* Takes the place of what was there. A table of 0 is empty. 0 or -ENOMEM. */
int go_values_read(struct go_values *values, const struct go_table *table, const struct go_function *function,
	uint64_t pctab, uint64_t *steps);

/* -1: not known. */
int32_t go_values_at(const struct go_values *values, uint32_t offset);

#endif
