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

/* Writes a ResourceProfiles for each resource that chosen samples of a count above 0 have; one without a resource where
 * there are none. The dictionary, which has ended, has all that they refer to. 0 or -ENOMEM. */
int otlp_groups_write(
	const struct otlp_profile *profile, const struct otlp_stacks *stacks, struct otlp_samples chosen);

static inline uint32_t otlp_samples_count(const struct profile *profile, struct otlp_samples samples)
{
	return samples.at ? samples.count : profile->samples.count;
}

static inline uint32_t otlp_samples_nth(struct otlp_samples samples, uint32_t i)
{
	return samples.at ? samples.at[i] : i;
}

#endif
