// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/otlp_profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "export/otlp_proto.h"

/* What a sample is about: the room for its length is right, or else it is moved once. */
#define BYTES_A_SAMPLE 14

#define SCOPE_NAME_TEXT "profound"

/* A count of nothing in particular, where nobody has said what is counted. */
static bool has_value(const struct profile *profile)
{
	return profile->value.type != profile->value.unit && profile->value.type < profile->text.count &&
	       profile->value.unit < profile->text.count;
}

static void put_value_types(struct otlp_profile *out, const struct profile *profile)
{
	const struct profile_value *value = &profile->value;

	if (!has_value(profile)) {
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

int otlp_profile_begin(
	struct otlp_profile *profile, struct otlp_dictionary *dictionary, const struct export_view *view)
{
	*profile = (struct otlp_profile){.dictionary = dictionary};
	/* Without random bytes there is no id: it may be left out. */
	if (getrandom(profile->id, sizeof(profile->id), 0) != sizeof(profile->id))
		memset(profile->id, 0, sizeof(profile->id));
	put_value_types(profile, view->profile);
	return view->trust ? figures_each_known(view->trust, take_figure, profile) : 0;
}

void otlp_profile_release(struct otlp_profile *profile)
{
	free(profile->run);
	*profile = (struct otlp_profile){0};
}

void otlp_profile_want(struct otlp_profile *profile, const struct profile_sample *sample)
{
	otlp_attribute_comm(profile->dictionary, sample->comm);
	if (sample->flags & SAMPLE_UNVERIFIED && !profile->unverified)
		profile->unverified = otlp_attribute_bool(profile->dictionary, OTLP_UNVERIFIED, true);
}

static void put_sample(struct wire *out, uint32_t stack, const struct otlp_sample *sample)
{
	size_t begun = wire_begin(out, PROFILE_SAMPLES), value;

	wire_uint(out, SAMPLE_STACK_INDEX, stack);
	wire_packed(out, SAMPLE_ATTRIBUTE_INDICES, sample->attributes, sample->n_attributes);
	value = wire_begin(out, SAMPLE_VALUES);
	wire_varint(out, sample->count < INT64_MAX ? sample->count : INT64_MAX);
	wire_end(out, value);
	wire_end(out, begun);
}

static int by_attributes(const void *left, const void *right)
{
	const struct otlp_sample *a = left, *b = right;
	int order = memcmp(a->attributes, b->attributes, sizeof(a->attributes));

	return order ? order : (a->n_attributes > b->n_attributes) - (a->n_attributes < b->n_attributes);
}

/* Adds up those that are equal; how many are left. */
static uint32_t merge_run(struct otlp_sample *run, uint32_t count)
{
	uint32_t left = 0;

	qsort(run, count, sizeof(*run), by_attributes);
	for (uint32_t i = 0; i < count; i++) {
		if (left && !by_attributes(&run[left - 1], &run[i]))
			run[left - 1].count += run[i].count;
		else
			run[left++] = run[i];
	}
	return left;
}

static void put_run(struct otlp_profile *profile, uint32_t stack)
{
	uint32_t count = profile->n_run > 1 ? merge_run(profile->run, profile->n_run) : profile->n_run;

	for (uint32_t i = 0; i < count; i++)
		put_sample(profile->dictionary->out, stack, &profile->run[i]);
	profile->n_run = 0;
}

static int push(struct otlp_profile *profile, const struct profile_sample *sample, uint64_t count)
{
	struct otlp_sample *one;
	uint32_t comm = otlp_attribute_comm(profile->dictionary, sample->comm);

	if (profile->n_run == profile->run_cap) {
		uint32_t cap = profile->run_cap ? profile->run_cap * 2 : 16;
		struct otlp_sample *run = reallocarray(profile->run, cap, sizeof(*run));

		if (!run)
			return -ENOMEM;
		profile->run = run;
		profile->run_cap = cap;
	}
	one = &profile->run[profile->n_run++];
	*one = (struct otlp_sample){.count = count};
	if (comm)
		one->attributes[one->n_attributes++] = comm;
	if (sample->flags & SAMPLE_UNVERIFIED)
		one->attributes[one->n_attributes++] = profile->unverified;
	return 0;
}

static int put_samples(struct otlp_profile *profile, const struct otlp_stacks *stacks, const uint32_t *samples,
	uint32_t count)
{
	const struct profile *from = profile->dictionary->profile;
	uint32_t stack = 0;
	int err = 0;

	for (uint32_t i = 0; i < count && !err; i++) {
		const struct profile_sample *sample = profile_get_sample(from, samples[i]);
		uint32_t its = otlp_stacks_of(stacks, sample);

		if (its != stack)
			put_run(profile, stack);
		stack = its;
		err = push(profile, sample, from->counts[samples[i]]);
	}
	put_run(profile, stack);
	return err;
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

static bool is_known_id(const uint8_t *id)
{
	static const uint8_t none[OTLP_PROFILE_ID];

	return memcmp(id, none, sizeof(none)) != 0;
}

static void put_head(const struct otlp_profile *profile)
{
	const struct profile *from = profile->dictionary->profile;
	struct wire *out = profile->dictionary->out;

	put_value_type(out, PROFILE_SAMPLE_TYPE, profile->value);
	wire_fixed64(out, PROFILE_TIME_UNIX_NANO, not_negative(from->start_unix_ns));
	wire_uint(out, PROFILE_DURATION_NANO, not_negative(from->duration_ns));
	put_value_type(out, PROFILE_PERIOD_TYPE, profile->period);
	wire_uint(out, PROFILE_PERIOD, profile->period_count);
	if (is_known_id(profile->id))
		wire_bytes(out, PROFILE_PROFILE_ID, profile->id, sizeof(profile->id));
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

int otlp_profile_write(struct otlp_profile *profile, const struct otlp_stacks *stacks, const struct otlp_groups *groups,
	const struct otlp_group *group)
{
	struct wire *out = profile->dictionary->out;
	size_t expected = (size_t)group->count * BYTES_A_SAMPLE;
	size_t of_resource = wire_begin_sized(out, DATA_RESOURCE_PROFILES, expected), of_scope, begun;
	int err;

	put_resource(profile->dictionary, group->process);
	of_scope = wire_begin_sized(out, RESOURCE_PROFILES_SCOPE_PROFILES, expected);
	put_scope(out);
	begun = wire_begin_sized(out, SCOPE_PROFILES_PROFILES, expected);
	put_head(profile);
	err = put_samples(profile, stacks, groups->samples + group->first, group->count);
	wire_end(out, begun);
	wire_text(out, SCOPE_PROFILES_SCHEMA_URL, OTLP_SCHEMA_URL);
	wire_end(out, of_scope);
	wire_text(out, RESOURCE_PROFILES_SCHEMA_URL, OTLP_SCHEMA_URL);
	wire_end(out, of_resource);
	return err;
}
