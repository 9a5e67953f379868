// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS (2 * ABI_RULES) /* a power of two; id 0 needs no slot */

_Static_assert((SLOTS & (SLOTS - 1)) == 0 && ABI_RULES <= UINT16_MAX + 1, "slots hold ids");

static uint32_t slot_of(const struct abi_rule *rule)
{
	uint64_t half[2];

	memcpy(half, rule, sizeof(half));
	half[0] = (half[0] ^ half[1] * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd);
	return (uint32_t)(half[0] >> 40) & (SLOTS - 1);
}

int rules_init(struct rules *rules, struct abi_rule *memory)
{
	static const uint8_t fixed[] = {CFA_NONE, CFA_UNSUPPORTED, CFA_END};

	*rules = (struct rules){.borrowed = memory};
	rules->rule = memory ? memory : calloc(ABI_RULES, sizeof(*rules->rule));
	rules->slots = calloc(SLOTS, sizeof(*rules->slots));
	if (!rules->rule || !rules->slots) {
		rules_release(rules);
		return -ENOMEM;
	}
	rules->count = 1;
	rules->limit = ABI_RULES;
	for (unsigned i = 1; i < sizeof(fixed); i++)
		rules_add(rules, &(struct abi_rule){.cfa = fixed[i]});
	return 0;
}

void rules_release(struct rules *rules)
{
	if (!rules->borrowed)
		free(rules->rule);
	free(rules->slots);
	*rules = (struct rules){0};
}

void rules_share(struct rules *rules)
{
	rules->limit = rules->count + (ABI_RULES - rules->count) / 4;
}

uint16_t rules_add(struct rules *rules, const struct abi_rule *rule)
{
	uint32_t slot = slot_of(rule);
	uint16_t id;

	if (rule->cfa == CFA_NONE)
		return 0;
	while ((id = rules->slots[slot])) {
		if (!memcmp(&rules->rule[id], rule, sizeof(*rule)))
			return id;
		slot = (slot + 1) & (SLOTS - 1);
	}
	if (rules->count >= rules->limit)
		return 1;
	rules->rule[rules->count] = *rule;
	rules->slots[slot] = (uint16_t)rules->count;
	return (uint16_t)rules->count++;
}
