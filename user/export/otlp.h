/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile as OTLP: opentelemetry.proto.profiles.v1development.ProfilesData of proto 1.10 (Sample: stack_index 1,
 * attribute_indices 2, link_index 3, values 4, timestamps_unix_nano 5), whose bytes are an ExportProfilesServiceRequest
 * as well. One ResourceProfiles for each distinct resource (profile_get_resource()), one Profile in it; every sample
 * has one value alone. The dictionary holds what the samples refer to, once, behind the zero entries.
 */
#ifndef PROFOUND_OTLP_H
#define PROFOUND_OTLP_H

#include <stdint.h>
#include <stdio.h>

#include "export/exporter.h"
#include "base/wire.h"

/* The samples of which an encoding is made: indices into view->profile->samples, in any order. */
struct otlp_samples {
	const uint32_t *at; /* NULL: all of the profile */
	uint32_t count;
};

/* Appends one whole ProfilesData. 0; -ENOMEM, or -EFBIG past the 2 GiB that a protobuf message may have: then `out` is to
 * be cleared. */
int otlp_encode(const struct export_view *view, struct otlp_samples samples, struct wire *out);

int otlp_write(const struct export_view *view, FILE *stream);

#endif
