// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/otlp_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

struct grouping {
	const struct profile *profile;
	struct otlp_samples chosen;
	uint32_t n_stacks;
	uint32_t *first; /* by entry of the stack table: the first sample of that stack (its place among the chosen) */
	uint32_t *next;  /* by place: the next one of the same stack */
	uint32_t *group_of; /* by resource: index + 1 */
	struct otlp_groups *out;
};

void otlp_groups_release(struct otlp_groups *groups)
{
	free(groups->groups);
	free(groups->samples);
	*groups = (struct otlp_groups){0};
}

static uint32_t resource_of(const struct profile *profile, const struct profile_sample *sample)
{
	return sample->process < profile->processes.count ? profile->who[sample->process].resource : 0;
}

static struct otlp_group *group_of(struct grouping *grouping, const struct profile_sample *sample)
{
	uint32_t *known = &grouping->group_of[resource_of(grouping->profile, sample)];

	if (!*known) {
		*known = ++grouping->out->count;
		grouping->out->groups[*known - 1] = (struct otlp_group){.process = sample->process};
	}
	return &grouping->out->groups[*known - 1];
}

/* Counts the groups, and chains the samples of each stack: from the last to the first, so that a chain is in order. */
static void count_and_chain(struct grouping *grouping, const struct otlp_stacks *stacks)
{
	const struct profile *profile = grouping->profile;

	memset(grouping->first, 0xff, grouping->n_stacks * sizeof(*grouping->first));
	for (uint32_t i = otlp_samples_count(profile, grouping->chosen); i-- > 0;) {
		uint32_t at = otlp_samples_nth(grouping->chosen, i), *first;
		const struct profile_sample *sample = profile_get_sample(profile, at);
		struct otlp_group *group;

		if (!profile->counts[at])
			continue;
		group = group_of(grouping, sample);
		group->count++;
		group->total += profile->counts[at];
		first = &grouping->first[otlp_stacks_of(stacks, sample)];
		grouping->next[i] = *first;
		*first = i;
	}
}

/* Puts the samples in order; group->first ends where the next one begins, and is set back. */
static void place(struct grouping *grouping)
{
	struct otlp_groups *out = grouping->out;
	uint32_t at = 0;

	for (uint32_t i = 0; i < out->count; i++) {
		out->groups[i].first = at;
		at += out->groups[i].count;
	}
	for (uint32_t stack = 0; stack < grouping->n_stacks; stack++) {
		for (uint32_t i = grouping->first[stack]; i != NONE; i = grouping->next[i]) {
			uint32_t sample = otlp_samples_nth(grouping->chosen, i);

			out->samples[group_of(grouping, profile_get_sample(grouping->profile, sample))->first++] = sample;
		}
	}
	for (uint32_t i = 0; i < out->count; i++)
		out->groups[i].first -= out->groups[i].count;
}

static int by_total(const void *left, const void *right)
{
	const struct otlp_group *a = left, *b = right;

	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	return (a->process > b->process) - (a->process < b->process);
}

static int alloc(struct grouping *grouping)
{
	size_t n = (size_t)otlp_samples_count(grouping->profile, grouping->chosen) + 1;
	size_t resources = (size_t)grouping->profile->resources.count + 1;

	grouping->first = malloc(grouping->n_stacks * sizeof(*grouping->first));
	grouping->next = malloc(n * sizeof(*grouping->next));
	grouping->group_of = calloc(resources, sizeof(*grouping->group_of));
	grouping->out->groups = calloc(resources, sizeof(*grouping->out->groups));
	grouping->out->samples = malloc(n * sizeof(*grouping->out->samples));
	return grouping->first && grouping->next && grouping->group_of && grouping->out->groups &&
			       grouping->out->samples
		       ? 0
		       : -ENOMEM;
}

int otlp_groups_init(struct otlp_groups *groups, const struct profile *profile, struct otlp_samples chosen,
	const struct otlp_stacks *stacks, uint32_t n_stacks)
{
	struct grouping grouping = {.profile = profile, .chosen = chosen, .n_stacks = n_stacks, .out = groups};
	int err;

	*groups = (struct otlp_groups){0};
	err = alloc(&grouping);
	if (!err) {
		count_and_chain(&grouping, stacks);
		place(&grouping);
		qsort(groups->groups, groups->count, sizeof(*groups->groups), by_total);
	} else {
		otlp_groups_release(groups);
	}
	free(grouping.first);
	free(grouping.next);
	free(grouping.group_of);
	return err;
}
