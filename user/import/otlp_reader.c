// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * OTLP profiles: ProfilesData of opentelemetry/proto/profiles/v1development/profiles.proto, proto 1.10, whose bytes are
 * those of an export request. Earlier layouts cannot be told from it: what makes no sense is refused.
 *
 * A sample counts what its values add up to, or as often as it has timestamps. Profiles of one recording have the same
 * figures, and begin their profile_id alike (otlp_profile.h), so the figures of each such beginning are taken once.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/otlp_proto.h"
#include "import/otlp_resource.h"
#include "import/otlp_tables.h"
#include "import/attribute_set.h"
#include "import/sample_types.h"
#include "profile/figures.h"

#define FIGURES_MAX 256 /* of one list: there are not so many */

struct otlp {
	struct otlp_tables tables;
	struct importing *importing;
	uint32_t thread_name, thread_id, executable_name, unverified; /* text ids of keys */
	uint32_t samples, count, unknown;                  /* text ids */
	struct sample_types types;
	unsigned chosen; /* of the types */
	bool choosing;   /* profiles only tell their types */
	bool has_value;  /* profile.value is set */
	uint32_t no_stack;
	struct intern recordings; /* what their profile ids begin with */
	int64_t end_ns;           /* of the latest profile */
	uint32_t process, comm;   /* of the resource that is read */
};

struct head { /* of a profile, but its samples */
	struct profile_value value;
	int64_t start_ns, duration_ns;
	const uint8_t *id;
	size_t id_len;
};

struct sample_parts {
	const struct otlp *otlp;
	struct otlp_stack stack;
	uint64_t values, stamps; /* the values' sum, how many timestamps */
	bool has_values;
	uint32_t comm; /* text id */
	uint32_t tid;  /* 0: not told */
	bool named;    /* by thread.name */
	bool unverified;
};

static int refuse(const struct otlp *otlp, const uint8_t *at, const char *what)
{
	return otlp_tables_fault(&otlp->tables, at, what);
}

/* Who the samples of a resource are of. */
static int take_resource(struct otlp *otlp, const struct wire_field *resource_profiles)
{
	struct attribute_set resource = {0};
	int err = otlp_resource_read(&otlp->tables, resource_profiles, &resource);

	if (err)
		return err;
	otlp->comm = otlp->unknown;
	for (uint32_t i = 0; i < resource.count; i++)
		if (resource.at[i].key == otlp->executable_name)
			otlp->comm = resource.at[i].value;
	return attribute_set_process(&resource, otlp->tables.assembly, &otlp->process);
}

static int take_sample_attribute(void *context, const struct otlp_attribute *attribute)
{
	struct sample_parts *parts = context;
	const struct otlp *otlp = parts->otlp;
	const struct otlp_value *value = &attribute->value;

	if (attribute->key == otlp->unverified)
		parts->unverified = value->kind == OTLP_BOOL && value->bits;
	if (attribute->key == otlp->thread_id && value->kind == OTLP_INT && value->bits <= INT32_MAX)
		parts->tid = (uint32_t)value->bits;
	if (value->kind != OTLP_TEXT || value->bits == otlp->tables.none)
		return 0;
	if (attribute->key == otlp->thread_name || (attribute->key == otlp->executable_name && !parts->named))
		parts->comm = (uint32_t)value->bits;
	parts->named |= attribute->key == otlp->thread_name;
	return 0;
}

static int take_values(const struct otlp *otlp, const struct wire_field *field, struct sample_parts *parts)
{
	struct cursor values = cursor_over(field->data, field->len);

	parts->has_values |= cursor_left(&values) > 0;
	while (cursor_left(&values)) {
		const uint8_t *at = values.at;
		uint64_t value = cursor_uleb(&values);

		if (values.bad)
			return refuse(otlp, at, WIRE_READER_BAD);
		if ((int64_t)value < 0)
			return refuse(otlp, at, "a value below 0: differences of two profiles are not read");
		if (__builtin_add_overflow(parts->values, value, &parts->values))
			return refuse(otlp, at, "the values add up to more than 2^63 - 1");
	}
	return 0;
}

static int take_stamps(const struct otlp *otlp, const struct wire_field *field, struct sample_parts *parts)
{
	if (field->len % 8)
		return refuse(otlp, field->data, "timestamps that are not 8 bytes each");
	parts->stamps += field->len / 8;
	return 0;
}

static int parse_sample(struct otlp *otlp, const struct wire_field *message, struct sample_parts *parts)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct wire_field field;
	int err = 0;

	while (!err && wire_reader_next(&reader, &field)) {
		if (wire_field_is(&field, SAMPLE_STACK_INDEX, WIRE_VARINT))
			err = otlp_tables_stack(&otlp->tables, &field, &parts->stack);
		else if (wire_field_is_varints(&field, SAMPLE_ATTRIBUTE_INDICES))
			err = otlp_tables_each_attribute(&otlp->tables, &field, take_sample_attribute, parts);
		else if (wire_field_is_varints(&field, SAMPLE_VALUES))
			err = take_values(otlp, &field, parts);
		else if (wire_field_is_fixed64s(&field, SAMPLE_TIMESTAMPS_UNIX_NANO))
			err = take_stamps(otlp, &field, parts);
	}
	return err ? err : otlp_tables_end(&otlp->tables, &reader);
}

static int read_sample(struct otlp *otlp, const struct wire_field *message)
{
	struct sample_parts parts = {.otlp = otlp, .stack.stack = otlp->no_stack, .comm = otlp->comm};
	struct profile_sample sample = {.process = otlp->process};
	uint64_t count;
	int err = parse_sample(otlp, message, &parts);

	count = parts.has_values ? parts.values : parts.stamps;
	if (!err && !parts.has_values && !count)
		return refuse(otlp, message->data,
			"a sample without values and timestamps: of an earlier version of OTLP?");
	if (err || !count)
		return err;
	sample.comm = parts.comm;
	sample.tid = parts.tid;
	sample.stack = parts.stack.stack;
	sample.cut = (uint16_t)parts.stack.cut;
	sample.flags = parts.unverified ? SAMPLE_UNVERIFIED : 0;
	err = assembly_sample(otlp->tables.assembly, &sample, count);
	if (err == -EOVERFLOW)
		return refuse(otlp, message->data, "the values add up to more than 2^63 - 1");
	return err == -E2BIG ? refuse(otlp, message->data, IMPORTER_TOO_DEEP) : err;
}

static int parse_head(const struct otlp *otlp, const struct wire_field *message, struct head *head)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	const struct otlp_tables *tables = &otlp->tables;
	struct profile_value *value = &head->value;
	struct wire_field field;
	int err = 0;

	while (!err && wire_reader_next(&reader, &field)) {
		if (wire_field_is(&field, PROFILE_SAMPLE_TYPE, WIRE_BYTES))
			err = otlp_tables_value_type(tables, &field, &value->type, &value->unit);
		else if (wire_field_is(&field, PROFILE_PERIOD_TYPE, WIRE_BYTES))
			err = otlp_tables_value_type(tables, &field, &value->period_type, &value->period_unit);
		else if (wire_field_is(&field, PROFILE_PERIOD, WIRE_VARINT))
			value->period = (int64_t)field.value < 0 ? 0 : field.value;
		else if (wire_field_is(&field, PROFILE_TIME_UNIX_NANO, WIRE_FIXED64))
			head->start_ns = (int64_t)field.value < 0 ? 0 : (int64_t)field.value;
		else if (wire_field_is(&field, PROFILE_DURATION_NANO, WIRE_VARINT))
			head->duration_ns = (int64_t)field.value < 0 ? 0 : (int64_t)field.value;
		else if (wire_field_is(&field, PROFILE_PROFILE_ID, WIRE_BYTES))
			head->id = field.data, head->id_len = field.len;
	}
	return err ? err : otlp_tables_end(tables, &reader);
}

/* Nothing said is samples. */
static int read_head(const struct otlp *otlp, const struct wire_field *message, struct head *head)
{
	uint32_t none = otlp->tables.none;
	int err;

	*head = (struct head){.value = {none, none, none, none, 0}};
	err = parse_head(otlp, message, head);
	if (!err && head->value.type == none) {
		head->value.type = otlp->samples;
		head->value.unit = otlp->count;
	}
	return err;
}

static void take_times(struct otlp *otlp, const struct head *head)
{
	struct importing *importing = otlp->importing;
	int64_t end;

	if (!head->start_ns || __builtin_add_overflow(head->start_ns, head->duration_ns, &end))
		return;
	if (!importing->start_unix_ns || head->start_ns < importing->start_unix_ns)
		importing->start_unix_ns = head->start_ns;
	if (end > otlp->end_ns)
		otlp->end_ns = end;
	importing->duration_ns = otlp->end_ns - importing->start_unix_ns;
}

struct telling {
	struct otlp *otlp;
	struct trust told;
	unsigned count;
};

static int take_figure(void *context, const struct otlp_attribute *attribute)
{
	struct telling *telling = context;
	const struct profile *profile = telling->otlp->tables.assembly->profile;
	const char *key = profile_text(profile, attribute->key);
	const struct otlp_value *value = &attribute->value;
	char number[32];
	double real;
	int err;

	if (strncmp(key, FIGURE_PREFIX, strlen(FIGURE_PREFIX)) || telling->count == FIGURES_MAX)
		return 0;
	telling->count++;
	memcpy(&real, &value->bits, sizeof(real));
	if (value->kind == OTLP_REAL)
		snprintf(number, sizeof(number), "%.17g", real);
	else
		snprintf(number, sizeof(number), "%" PRId64, (int64_t)value->bits);
	err = figures_take(&telling->told, key + strlen(FIGURE_PREFIX),
		value->kind == OTLP_TEXT ? profile_text(profile, (uint32_t)value->bits) : number);
	return err == -ENOMEM ? err : 0; /* keys of other versions, values that are none */
}

static int read_figures(struct telling *telling, const struct wire_field *message)
{
	const struct otlp_tables *tables = &telling->otlp->tables;
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct wire_field field;
	int err = 0;

	while (!err && wire_reader_next(&reader, &field))
		if (wire_field_is_varints(&field, PROFILE_ATTRIBUTE_INDICES))
			err = otlp_tables_each_attribute(tables, &field, take_figure, telling);
	return err ? err : otlp_tables_end(tables, &reader);
}

/* Every profile of a recording has its figures. */
static int take_figures(struct otlp *otlp, const struct wire_field *message, const struct head *head)
{
	struct telling telling = {.otlp = otlp};
	size_t len = head->id_len < OTLP_RECORDING_ID ? head->id_len : OTLP_RECORDING_ID;
	uint32_t known = otlp->recordings.count, id;
	int err = intern_add(&otlp->recordings, head->id, len, &id);

	if (err || id != known)
		return err;
	figures_forget(&telling.told);
	err = read_figures(&telling, message);
	if (err || known) {
		if (!err)
			err = figures_add(&otlp->importing->told, &telling.told);
		trust_release(&telling.told);
		return err;
	}
	otlp->importing->told = telling.told;
	return 0;
}

static int take_value_type(struct otlp *otlp, const struct profile_value *value)
{
	struct profile_value *known = &otlp->tables.assembly->profile->value;

	if (!otlp->has_value) {
		otlp->has_value = true;
		return importer_set_value(otlp->importing, value);
	}
	if (memcmp(known, value, sizeof(*known))) {
		known->period = 0;
		known->period_type = known->period_unit = otlp->tables.none;
	}
	return 0;
}

static int read_samples(struct otlp *otlp, const struct wire_field *message)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct wire_field field;
	int err = 0;

	while (!err && wire_reader_next(&reader, &field))
		if (wire_field_is(&field, PROFILE_SAMPLES, WIRE_BYTES))
			err = read_sample(otlp, &field);
	return err ? err : otlp_tables_end(&otlp->tables, &reader);
}

static int note_type(struct otlp *otlp, const struct wire_field *message, const struct profile_value *value)
{
	if (sample_types_find(&otlp->types, value->type, value->unit) < otlp->types.count)
		return 0;
	if (!sample_types_add(&otlp->types, value->type, value->unit))
		return refuse(otlp, message->data, "more than 64 sample types");
	return 0;
}

static int read_profile(struct otlp *otlp, const struct wire_field *message)
{
	struct head head;
	int err = read_head(otlp, message, &head);

	if (err)
		return err;
	if (otlp->choosing)
		return note_type(otlp, message, &head.value);
	if (sample_types_find(&otlp->types, head.value.type, head.value.unit) != otlp->chosen)
		return 0;
	take_times(otlp, &head);
	err = take_value_type(otlp, &head.value);
	if (!err)
		err = take_figures(otlp, message, &head);
	return err ? err : read_samples(otlp, message);
}

static int read_scope(struct otlp *otlp, const struct wire_field *message)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct wire_field field;
	int err = 0;

	while (!err && wire_reader_next(&reader, &field))
		if (wire_field_is(&field, SCOPE_PROFILES_PROFILES, WIRE_BYTES))
			err = read_profile(otlp, &field);
	return err ? err : otlp_tables_end(&otlp->tables, &reader);
}

static int read_resource_profiles(struct otlp *otlp, const struct wire_field *message)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct wire_field field;
	int err = otlp->choosing ? 0 : take_resource(otlp, message);

	while (!err && wire_reader_next(&reader, &field))
		if (wire_field_is(&field, RESOURCE_PROFILES_SCOPE_PROFILES, WIRE_BYTES))
			err = read_scope(otlp, &field);
	return err ? err : otlp_tables_end(&otlp->tables, &reader);
}

static int read_profiles(struct otlp *otlp, bool choosing)
{
	const struct input *input = otlp->importing->input;
	struct wire_reader reader = wire_reader_over(input->data, input->len);
	struct wire_field field;
	int err = 0;

	otlp->choosing = choosing;
	while (!err && wire_reader_next(&reader, &field))
		if (wire_field_is(&field, DATA_RESOURCE_PROFILES, WIRE_BYTES))
			err = read_resource_profiles(otlp, &field);
	return err ? err : otlp_tables_end(&otlp->tables, &reader);
}

static int choose_type(struct otlp *otlp)
{
	const struct importing *importing = otlp->importing;
	const struct sample_types *types = &otlp->types;
	int chosen;

	otlp->chosen = sample_types_find(types, otlp->samples, otlp->count);
	if (otlp->chosen == types->count && types->count)
		otlp->chosen--;
	if (!importing->type)
		return 0;
	chosen = sample_types_choose(types, otlp->tables.assembly->profile, importing->type, importing->input,
		importing->fault);
	if (chosen < 0)
		return chosen;
	otlp->chosen = (unsigned)chosen;
	return 0;
}

static int intern_keys(struct otlp *otlp)
{
	struct intern *text = &otlp->tables.assembly->profile->text;
	int err = intern_text(text, OTLP_THREAD_NAME, &otlp->thread_name);

	if (!err)
		err = intern_text(text, OTLP_THREAD_ID, &otlp->thread_id);
	if (!err)
		err = intern_text(text, "process.executable.name", &otlp->executable_name);
	if (!err)
		err = intern_text(text, OTLP_UNVERIFIED, &otlp->unverified);
	if (!err)
		err = intern_text(text, "samples", &otlp->samples);
	if (!err)
		err = intern_text(text, "count", &otlp->count);
	if (!err)
		err = intern_text(text, "[unknown]", &otlp->unknown);
	return err ? err : assembly_stack(otlp->tables.assembly, NULL, 0, &otlp->no_stack);
}

static int read_all(struct otlp *otlp)
{
	int err = otlp_tables_read(&otlp->tables);

	if (!err)
		err = intern_keys(otlp);
	if (!err)
		err = read_profiles(otlp, true);
	if (!err)
		err = choose_type(otlp);
	if (!err && !otlp->types.count)
		err = input_fault(otlp->importing->input, otlp->importing->fault, "OTLP: no profile in it");
	return err ? err : read_profiles(otlp, false);
}

int otlp_read(struct importing *importing)
{
	struct otlp otlp = {
		.tables = {.importing = importing, .assembly = &importing->import->assembly},
		.importing = importing,
	};
	int err = read_all(&otlp);

	otlp_tables_release(&otlp.tables);
	intern_release(&otlp.recordings);
	return err;
}
