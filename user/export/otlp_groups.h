/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The samples of an encoding by their resource, and of one resource by the entry of their stack, so that those that are
 * one sample in OTLP stand together.
 */
#ifndef PROFOUND_OTLP_GROUPS_H
#define PROFOUND_OTLP_GROUPS_H

#include "export/otlp.h"
#include "export/otlp_stacks.h"

struct otlp_group {
	uint32_t process; /* one of those that have the resource */
	uint32_t first, count; /* in otlp_groups.samples */
	uint64_t total; /* of their counts */
};

struct otlp_groups {
	struct otlp_group *groups; /* largest total first */
	uint32_t count;
	uint32_t *samples; /* indices into profile.samples */
};

/* Samples with a count of 0 are in no group. 0; or -ENOMEM and *groups zeroed. */
int otlp_groups_init(struct otlp_groups *groups, const struct profile *profile, struct otlp_samples chosen,
	const struct otlp_stacks *stacks, uint32_t n_stacks);
void otlp_groups_release(struct otlp_groups *groups);

static inline uint32_t otlp_samples_count(const struct profile *profile, struct otlp_samples samples)
{
	return samples.at ? samples.count : profile->samples.count;
}

static inline uint32_t otlp_samples_nth(struct otlp_samples samples, uint32_t i)
{
	return samples.at ? samples.at[i] : i;
}

#endif
