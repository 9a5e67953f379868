/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ResourceProfiles of OTLP, each with one Profile: the samples of one resource, with one value alone each. What is about
 * the recording (time, period, trust figures) is the same in all of them. The figures are attributes of the Profile and
 * never of resource or scope, of which back ends make labels: a label that changes with each recording would begin a
 * series with each recording.
 *
 * A profile_id is the recording's id (profile.recording) and one of the Profile alone, each OTLP_RECORDING_ID random
 * bytes: equal in no two Profiles, since back ends may take those of one id for the same one (profiles.proto: "A
 * globally unique identifier for a profile"), and yet what was split can be told to be of one recording.
 */
#ifndef PROFOUND_OTLP_PROFILE_H
#define PROFOUND_OTLP_PROFILE_H

#include "export/exporter.h"
#include "export/otlp_dictionary.h"

struct otlp_profile {
	struct otlp_dictionary *dictionary;
	uint64_t recording; /* the profile's, else one of this encoding */
	uint32_t value[2], period[2]; /* type and unit: strings */
	uint64_t period_count;
	uint32_t attributes[128], n_attributes;
};

struct otlp_profile_begun { /* messages that are open: what wire_end() is to be given */
	size_t resource, scope, profile;
	uint64_t id; /* of this Profile, beside the recording's; 0: none */
};

/* Writes to the dictionary what all Profiles refer to. 0; -E2BIG: more figures than there is room for. */
int otlp_profile_init(
	struct otlp_profile *profile, struct otlp_dictionary *dictionary, const struct export_view *view);

/*
 * Once the dictionary has ended: begins the ResourceProfiles of a process (UINT32_MAX: of none). At most so many bytes of
 * samples follow, which are fields of its Profile. It ends where the wire does, which may have been moved up by `moved`
 * bytes, and does not move what stands behind it.
 */
void otlp_profile_begin(
	const struct otlp_profile *profile, uint32_t process, size_t samples, struct otlp_profile_begun *begun);
void otlp_profile_end(const struct otlp_profile *profile, const struct otlp_profile_begun *begun, size_t moved);

#endif
