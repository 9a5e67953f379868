/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dictionary of unwind rules, shared by all files: equal rules have one id. Ids 0, 1 and 2 are CFA_NONE,
 * CFA_UNSUPPORTED and CFA_END. It only grows, up to ABI_RULES.
 */
#ifndef PROFOUND_RULES_H
#define PROFOUND_RULES_H

#include <stdint.h>

#include "abi.h"

struct rules {
	struct abi_rule *rule; /* by id */
	uint32_t count;
	uint16_t *slots; /* id, open addressing; 0 is free */
};

/* 0 or -ENOMEM. */
int rules_init(struct rules *rules);
void rules_release(struct rules *rules);

/* The id of a rule, added when it is new; 1 (CFA_UNSUPPORTED) when the dictionary is full. */
uint16_t rules_add(struct rules *rules, const struct abi_rule *rule);

#endif
