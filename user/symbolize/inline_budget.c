// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/inline_budget.h"

#include <errno.h>
#include <stdlib.h>

static void count_stack(uint32_t *uses, const struct profile *profile, uint32_t id)
{
	uint32_t count;
	const uint32_t *frames = profile_get_stack(profile, id, &count);

	for (uint32_t i = 0; i < count; i++)
		if (uses[frames[i]] < UINT32_MAX)
			uses[frames[i]]++;
}

int inline_budget_init(struct inline_budget *budget, const struct profile *profile)
{
	uint32_t *uses = calloc(profile->frames.count + 1, sizeof(*uses));

	if (!uses)
		return -ENOMEM;
	for (uint32_t i = 0; i < profile->stacks.count; i++)
		count_stack(uses, profile, i);
	*budget = (struct inline_budget){uses, INLINE_BUDGET};
	return 0;
}

void inline_budget_release(struct inline_budget *budget)
{
	free(budget->uses);
	*budget = (struct inline_budget){0};
}

bool inline_budget_take(struct inline_budget *budget, uint32_t frame, uint32_t count)
{
	uint64_t wanted = (uint64_t)budget->uses[frame] * count;

	if (wanted > budget->left)
		return false;
	budget->left -= wanted;
	return true;
}
