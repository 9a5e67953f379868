// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/otlp_profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "export/otlp_proto.h"

#define SCOPE_NAME_TEXT "profound"

static void put_value_types(struct otlp_profile *out, const struct profile *profile)
{
	const struct profile_value *value = &profile->value;

	if (!profile_has_value(profile)) {
		out->value[0] = otlp_string(out->dictionary, "samples");
		out->value[1] = otlp_string(out->dictionary, "count");
		return;
	}
	out->value[0] = otlp_text(out->dictionary, value->type);
	out->value[1] = otlp_text(out->dictionary, value->unit);
	out->period_count = value->period < INT64_MAX ? value->period : INT64_MAX;
	if (!value->period)
		return;
	out->period[0] = otlp_text(out->dictionary, value->period_type);
	out->period[1] = otlp_text(out->dictionary, value->period_unit);
}

static int take_figure(void *context, const struct figure *figure)
{
	struct otlp_profile *out = context;
	uint32_t attribute = otlp_attribute_figure(out->dictionary, figure);

	if (out->n_attributes == sizeof(out->attributes) / sizeof(*out->attributes))
		return -E2BIG;
	if (attribute)
		out->attributes[out->n_attributes++] = attribute;
	return 0;
}

/* Without random bytes there is no id: it may be left out. */
static uint64_t make_id(void)
{
	uint64_t id;

	return getrandom(&id, sizeof(id), GRND_NONBLOCK) == sizeof(id) ? id : 0;
}

int otlp_profile_init(
	struct otlp_profile *profile, struct otlp_dictionary *dictionary, const struct export_view *view)
{
	*profile = (struct otlp_profile){.dictionary = dictionary};
	profile->recording = view->profile->recording ? view->profile->recording : make_id();
	put_value_types(profile, view->profile);
	return view->trust ? figures_each_known(view->trust, take_figure, profile) : 0;
}

static void put_value_type(struct wire *out, unsigned field, const uint32_t value[2])
{
	size_t begun;

	if (!value[0] && !value[1])
		return;
	begun = wire_begin(out, field);
	wire_uint(out, VALUE_TYPE_TYPE, value[0]);
	wire_uint(out, VALUE_TYPE_UNIT, value[1]);
	wire_end(out, begun);
}

static uint64_t not_negative(int64_t value)
{
	return value > 0 ? (uint64_t)value : 0;
}

static void put_id(struct wire *out, uint64_t recording, uint64_t id)
{
	uint8_t bytes[2 * OTLP_RECORDING_ID];

	if (!id)
		return;
	memcpy(bytes, &recording, sizeof(recording));
	memcpy(bytes + sizeof(recording), &id, sizeof(id));
	wire_bytes(out, PROFILE_PROFILE_ID, bytes, sizeof(bytes));
}

static void put_head(const struct otlp_profile *profile, uint64_t id)
{
	const struct profile *from = profile->dictionary->profile;
	struct wire *out = profile->dictionary->out;

	put_value_type(out, PROFILE_SAMPLE_TYPE, profile->value);
	wire_fixed64(out, PROFILE_TIME_UNIX_NANO, not_negative(from->start_unix_ns));
	wire_uint(out, PROFILE_DURATION_NANO, not_negative(from->duration_ns));
	put_value_type(out, PROFILE_PERIOD_TYPE, profile->period);
	wire_uint(out, PROFILE_PERIOD, profile->period_count);
	put_id(out, profile->recording, id);
	wire_packed(out, PROFILE_ATTRIBUTE_INDICES, profile->attributes, profile->n_attributes);
}

static void put_scope(struct wire *out)
{
	size_t begun = wire_begin(out, SCOPE_PROFILES_SCOPE);

	wire_text(out, SCOPE_NAME, SCOPE_NAME_TEXT);
	wire_text(out, SCOPE_VERSION, PROFOUND_VERSION);
	wire_end(out, begun);
}

static bool parse_pid(const char *text, uint64_t *pid)
{
	char *end;

	*pid = strtoull(text, &end, 10);
	return end != text && !*end;
}

static void put_attribute(struct otlp_dictionary *dictionary, const char *key, const char *value)
{
	struct wire *out = dictionary->out;
	size_t begun = wire_begin(out, RESOURCE_ATTRIBUTES), any, len;
	const char *plain = otlp_plain(dictionary, key, &len);
	uint64_t pid;

	wire_bytes(out, KEY_VALUE_KEY, plain, len);
	any = wire_begin(out, KEY_VALUE_VALUE);
	if (!strcmp(key, OTLP_PROCESS_PID) && parse_pid(value, &pid)) { /* the one that is an integer */
		wire_oneof_uint(out, ANY_INT, pid);
	} else {
		plain = otlp_plain(dictionary, value, &len);
		wire_oneof_bytes(out, ANY_STRING, plain, len);
	}
	wire_end(out, any);
	wire_end(out, begun);
}

static void put_resource(struct otlp_dictionary *dictionary, uint32_t process)
{
	const struct profile *profile = dictionary->profile;
	size_t begun = wire_begin(dictionary->out, RESOURCE_PROFILES_RESOURCE);
	uint32_t count;
	const struct profile_attribute *attributes = profile_get_resource(profile, process, &count);

	for (uint32_t i = 0; i < count; i++)
		put_attribute(dictionary, profile_text(profile, attributes[i].key),
			profile_text(profile, attributes[i].value));
	wire_end(dictionary->out, begun);
}

static void begin(
	const struct otlp_profile *profile, uint32_t process, size_t expected, struct otlp_profile_begun *begun)
{
	struct wire *out = profile->dictionary->out;

	begun->resource = wire_begin_sized(out, DATA_RESOURCE_PROFILES, expected);
	put_resource(profile->dictionary, process);
	wire_text(out, RESOURCE_PROFILES_SCHEMA_URL, OTLP_SCHEMA_URL);
	begun->scope = wire_begin_sized(out, RESOURCE_PROFILES_SCOPE_PROFILES, expected);
	put_scope(out);
	wire_text(out, SCOPE_PROFILES_SCHEMA_URL, OTLP_SCHEMA_URL);
	begun->profile = wire_begin_sized(out, SCOPE_PROFILES_PROFILES, expected);
	put_head(profile, begun->id);
}

/* The first time tells how much there is beside samples, so that no length grows at the end. */
void otlp_profile_begin(
	const struct otlp_profile *profile, uint32_t process, size_t samples, struct otlp_profile_begun *begun)
{
	struct wire *out = profile->dictionary->out;
	size_t start = out->len;

	begun->id = make_id();
	begin(profile, process, SIZE_MAX, begun);
	samples += out->len - start;
	out->len = start;
	begin(profile, process, samples, begun);
}

void otlp_profile_end(const struct otlp_profile *profile, const struct otlp_profile_begun *begun, size_t moved)
{
	struct wire *out = profile->dictionary->out;

	wire_end(out, begun->profile - moved);
	wire_end(out, begun->scope - moved);
	wire_end(out, begun->resource - moved);
}
