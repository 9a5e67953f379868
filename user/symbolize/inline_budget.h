/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many inlined functions a profile may have, counted as exporters meet them: once for each time that the frame is in
 * a distinct stack. A hostile file has as many at each address as code_lines.h lets it, and its frames are in as many
 * stacks as it likes.
 */
#ifndef PROFOUND_INLINE_BUDGET_H
#define PROFOUND_INLINE_BUDGET_H

#include "profile/profile.h"

#define INLINE_BUDGET (32ull << 20)

struct inline_budget {
	uint32_t *uses; /* one a frame: how often it is in stacks */
	uint64_t left;
};

/* Of a profile to which no stack is added any more. 0 or -ENOMEM. */
int inline_budget_init(struct inline_budget *budget, const struct profile *profile);
void inline_budget_release(struct inline_budget *budget);

/* May a frame have `count` inlined functions? Then they are paid for. */
bool inline_budget_take(struct inline_budget *budget, uint32_t frame, uint32_t count);

#endif
