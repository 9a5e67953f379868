/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dictionary of unwind rules, shared by all files: equal rules have one id. Ids 0, 1 and 2 are CFA_NONE,
 * CFA_UNSUPPORTED and CFA_END. It only grows, up to ABI_RULES.
 */
#ifndef PROFOUND_RULES_H
#define PROFOUND_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

struct rules {
	struct abi_rule *rule; /* by id */
	uint32_t count;
	uint32_t limit; /* of count; up to ABI_RULES */
	bool borrowed; /* `rule` is the caller's memory */
	uint16_t *slots; /* id, open addressing; 0 is free */
};

/* In `memory` (ABI_RULES of them, zeroed, which the kernel side reads as well), or in our own when that is NULL. 0 or
 * -ENOMEM. */
int rules_init(struct rules *rules, struct abi_rule *memory);
void rules_release(struct rules *rules);

/* One file more: it may add a quarter of what is left, so that no file fills the dictionary for all others. */
void rules_share(struct rules *rules);

/* The id of a rule, added when it is new; 1 (CFA_UNSUPPORTED) when the dictionary or the file's share is
 * full. */
uint16_t rules_add(struct rules *rules, const struct abi_rule *rule);

#endif
