/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ResourceProfiles of OTLP, each with one Profile: the samples of one resource, with one value alone each. What is about
 * the recording (time, period, trust figures) is the same in all of them. The figures are attributes of the Profile and
 * never of resource or scope, of which back ends make labels: a label that changes with each recording would begin a
 * series with each recording.
 */
#ifndef PROFOUND_OTLP_PROFILE_H
#define PROFOUND_OTLP_PROFILE_H

#include "export/exporter.h"
#include "export/otlp_groups.h"

#define OTLP_PROFILE_ID 16 /* bytes */

struct otlp_sample { /* in OTLP samples of equal stacks and attributes are one */
	uint32_t attributes[2], n_attributes;
	uint64_t count;
};

struct otlp_profile {
	struct otlp_dictionary *dictionary;
	uint8_t id[OTLP_PROFILE_ID];
	uint32_t value[2], period[2]; /* type and unit: strings */
	uint64_t period_count;
	uint32_t attributes[128], n_attributes;
	uint32_t unverified; /* attribute; 0: no sample has it yet */
	struct otlp_sample *run; /* samples of one stack */
	uint32_t n_run, run_cap;
};

/* Writes to the dictionary what all Profiles refer to. 0 or -ENOMEM. */
int otlp_profile_begin(
	struct otlp_profile *profile, struct otlp_dictionary *dictionary, const struct export_view *view);
void otlp_profile_release(struct otlp_profile *profile);

/* Writes a sample's attributes to the dictionary. */
void otlp_profile_want(struct otlp_profile *profile, const struct profile_sample *sample);

/* One ResourceProfiles, once the dictionary has ended. 0 or -ENOMEM. */
int otlp_profile_write(struct otlp_profile *profile, const struct otlp_stacks *stacks, const struct otlp_groups *groups,
	const struct otlp_group *group);

#endif
