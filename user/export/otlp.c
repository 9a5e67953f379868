// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/otlp.h"

#include <errno.h>

#include "export/otlp_groups.h"
#include "export/otlp_profile.h"
#include "export/otlp_proto.h"

#define MESSAGE_MAX INT32_MAX /* bytes of a protobuf message (protobuf.dev, Encoding) */

/* About so many bytes is the dictionary: how long its length will be is all that depends on it. */
#define BYTES_A_FRAME 64
#define BYTES_A_STACK 64

struct encoder {
	const struct export_view *view;
	struct otlp_samples samples;
	struct wire *out;
	struct otlp_dictionary dictionary;
	struct otlp_profile profile;
	struct otlp_stacks stacks;
	struct otlp_groups groups;
};

static int want_samples(struct encoder *encoder)
{
	const struct profile *profile = encoder->view->profile;
	uint32_t n = otlp_samples_count(profile, encoder->samples);
	int err = 0;

	for (uint32_t place = 0; place < n && !err; place++) {
		uint32_t at = otlp_samples_nth(encoder->samples, place);
		const struct profile_sample *sample = profile_get_sample(profile, at);

		if (!profile->counts[at])
			continue;
		otlp_groups_want(&encoder->groups, sample, profile->counts[at]);
		err = otlp_stacks_want(&encoder->stacks, sample, place);
	}
	return err;
}

static int put_tables(struct encoder *encoder)
{
	struct otlp_locations locations;
	int err = otlp_locations_init(&locations, &encoder->dictionary);

	if (err)
		return err;
	err = want_samples(encoder);
	otlp_stacks_want_locations(&encoder->stacks, &locations);
	if (!err)
		err = otlp_locations_write(&locations);
	otlp_dictionary_seal(&encoder->dictionary);
	if (!err)
		err = otlp_stacks_write(&encoder->stacks, &locations);
	otlp_locations_release(&locations);
	return err;
}

static size_t expected_size(const struct encoder *encoder)
{
	const struct profile *profile = encoder->view->profile;

	if (encoder->samples.at)
		return (size_t)encoder->samples.count * BYTES_A_STACK;
	return (size_t)profile->frames.count * BYTES_A_FRAME + (size_t)profile->stacks.count * BYTES_A_STACK;
}

static int put_dictionary(struct encoder *encoder)
{
	const struct profile *profile = encoder->view->profile;
	size_t begun = wire_begin_sized(encoder->out, DATA_DICTIONARY, expected_size(encoder));
	int err = otlp_dictionary_init(&encoder->dictionary, profile, encoder->out);

	if (!err)
		err = otlp_profile_init(&encoder->profile, &encoder->dictionary, encoder->view);
	if (!err)
		err = otlp_groups_init(&encoder->groups, &encoder->profile, encoder->samples);
	if (!err)
		err = otlp_stacks_init(
			&encoder->stacks, profile, otlp_samples_count(profile, encoder->samples));
	if (!err)
		err = put_tables(encoder);
	if (!err)
		wire_end(encoder->out, begun);
	return err;
}

int otlp_encode(const struct export_view *view, struct otlp_samples samples, struct wire *out)
{
	struct encoder encoder = {.view = view, .samples = samples, .out = out};
	size_t before = out->len;
	int err = put_dictionary(&encoder);

	if (!err)
		err = otlp_groups_write(&encoder.groups, &encoder.stacks);
	if (!err && out->failed)
		err = -ENOMEM;
	if (!err && out->len - before > MESSAGE_MAX)
		err = -EFBIG;
	otlp_groups_release(&encoder.groups);
	otlp_stacks_release(&encoder.stacks);
	otlp_dictionary_release(&encoder.dictionary);
	return err;
}

int otlp_write(const struct export_view *view, FILE *stream)
{
	struct wire wire = {0};
	int err = otlp_encode(view, (struct otlp_samples){0}, &wire);

	if (!err)
		fwrite(wire.data, 1, wire.len, stream);
	wire_release(&wire);
	return err;
}
