/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The samples of an encoding by their resource, each resource's in a Profile of its own. Samples of equal stack and
 * attributes are one. They are read in the order of their stacks, which is about the one in which they came (by resource
 * they would be read all over the profile), and written to the places that all Profiles have from the start; where some
 * became one, what follows moves up at the end.
 */
#ifndef PROFOUND_OTLP_GROUPS_H
#define PROFOUND_OTLP_GROUPS_H

#include "export/otlp.h"
#include "export/otlp_profile.h"
#include "export/otlp_stacks.h"

#define OTLP_GROUPS_BATCH 64 /* samples that are read at once, and are of whole stacks: often some more */

struct otlp_groups {
	const struct otlp_profile *profile;
	const struct profile *from;
	struct otlp_samples chosen;
	uint32_t *group_of; /* by resource: index + 1 */
	struct otlp_group *groups;
	uint32_t n_groups;
	uint32_t *order; /* of groups, largest total first */
	struct otlp_group_sample *batch;
	uint32_t n_batch, batch_cap;
};

/* 0 or -ENOMEM. */
int otlp_groups_init(struct otlp_groups *groups, const struct otlp_profile *profile, struct otlp_samples chosen);
void otlp_groups_release(struct otlp_groups *groups);

/* Called for all chosen samples of a count above 0. Writes its attributes to the dictionary. */
void otlp_groups_want(struct otlp_groups *groups, const struct profile_sample *sample, uint64_t count);

/* Writes a ResourceProfiles for each resource that is wanted, and one without a resource where there is none. The
 * dictionary has ended. 0 or -ENOMEM. */
int otlp_groups_write(struct otlp_groups *groups, const struct otlp_stacks *stacks);

static inline uint32_t otlp_samples_count(const struct profile *profile, struct otlp_samples samples)
{
	return samples.at ? samples.count : profile->samples.count;
}

static inline uint32_t otlp_samples_nth(struct otlp_samples samples, uint32_t i)
{
	return samples.at ? samples.at[i] : i;
}

#endif
