// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pprof's profile.proto (github.com/google/pprof, proto/profile.proto, perftools.profiles.Profile). The parts come in
 * any order, so each is one pass over the file. Every sample has one value for each sample type, of which one is read.
 *
 * There are no threads and no resources: labels tell. drop_frames and keep_frames are not followed: what was sampled
 * is shown.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/array.h"
#include "import/pprof_tables.h"
#include "import/attribute_set.h"
#include "import/sample_types.h"
#include "profile/figures.h"

/* Labels that tell the thread's name, the best first. */
#define THREAD_KEY "thread.id"

static const char *const comm_keys[] = {"comm", "thread.name", "thread", "process.executable.name"};

#define COMM_KEYS (sizeof(comm_keys) / sizeof(*comm_keys))
#define FIGURES_MAX 256 /* of one list: there are not so many */
#define UNVERIFIED_KEY "unverified"
#define SERVICE_KEY "service" /* as our own encoder writes service.name (export/pprof_samples.c) */

struct value_type {
	uint32_t type, unit; /* text ids */
};

struct pprof {
	struct pprof_tables tables;
	struct sample_types types;
	struct value_type period_type;
	uint32_t default_type; /* text id; that of "": none */
	int64_t period;
	unsigned chosen; /* of the sample types */
	uint32_t comm_key[COMM_KEYS], thread_key, unverified_key, yes; /* text ids */
	uint32_t service_key, service_attribute;
	uint32_t comm; /* text id: that of samples which do not say */
	unsigned n_figures; /* comments that were taken for some */
	uint32_t *frames; /* of the sample, innermost first */
	uint32_t n_frames, frames_cap;
};

struct sample_parts { /* of a sample that is read */
	int64_t value;
	unsigned n_values;
	uint32_t cut;  /* what its outermost frame says */
	uint32_t tid;  /* 0: not told */
	uint32_t comm; /* text id */
	size_t comm_rank; /* which of comm_keys told it */
	bool unverified;
	struct attribute_set resource;
};

static const char *text_of(const struct pprof *pprof, uint32_t id)
{
	return profile_text(pprof->tables.assembly->profile, id);
}

static int parse_type(struct pprof *pprof, const struct wire_field *message, struct value_type *out)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct value_type type = {pprof->tables.texts[0], pprof->tables.texts[0]};
	struct wire_field field;
	int err = 0;

	while (!err && wire_reader_next(&reader, &field)) {
		if (wire_field_is(&field, 1, WIRE_VARINT))
			err = pprof_tables_text(&pprof->tables, &field, &type.type);
		else if (wire_field_is(&field, 2, WIRE_VARINT))
			err = pprof_tables_text(&pprof->tables, &field, &type.unit);
	}
	if (!err && reader.cursor.bad)
		return pprof_tables_fault(&pprof->tables, reader.at, WIRE_READER_BAD);
	if (!err)
		*out = type;
	return err;
}

static int read_sample_type(void *context, const struct wire_field *message)
{
	struct pprof *pprof = context;
	struct value_type type;
	int err = parse_type(pprof, message, &type);

	if (!err && !sample_types_add(&pprof->types, type.type, type.unit))
		return pprof_tables_fault(&pprof->tables, message->data, "more than 64 sample types");
	return err;
}

static int read_period_type(void *context, const struct wire_field *message)
{
	struct pprof *pprof = context;

	return parse_type(pprof, message, &pprof->period_type);
}

static int read_number(void *context, const struct wire_field *field)
{
	*(int64_t *)context = (int64_t)field->value < 0 ? 0 : (int64_t)field->value;
	return 0;
}

static int read_default_type(void *context, const struct wire_field *field)
{
	struct pprof *pprof = context;

	return pprof_tables_text(&pprof->tables, field, &pprof->default_type);
}

/* One that is a figure; the summary's lines are for people. */
static int take_comment(struct pprof *pprof, uint32_t text)
{
	const char *comment = text_of(pprof, text), *value;
	const size_t prefix = strlen(FIGURE_PREFIX);
	char key[FIGURE_KEY];
	int err;

	if (strncmp(comment, FIGURE_PREFIX, prefix))
		return 0;
	comment += prefix;
	value = memchr(comment, '=', strnlen(comment, sizeof(key)));
	if (!value || pprof->n_figures == FIGURES_MAX)
		return 0;
	pprof->n_figures++;
	snprintf(key, sizeof(key), "%.*s", (int)(value - comment), comment);
	err = figures_take(&pprof->tables.importing->told, key, value + 1);
	return err == -ENOMEM ? err : 0;
}

static int read_comments(void *context, const struct wire_field *field)
{
	struct pprof *pprof = context;
	struct cursor values = cursor_over(field->data, field->len);
	int err = 0;

	while (!err && cursor_left(&values)) {
		struct wire_field one = {.data = values.at};
		uint32_t text;

		one.value = cursor_uleb(&values);
		err = values.bad ? pprof_tables_fault(&pprof->tables, one.data, WIRE_READER_BAD) :
			pprof_tables_text(&pprof->tables, &one, &text);
		if (!err)
			err = take_comment(pprof, text);
	}
	return err;
}

static int read_head(struct pprof *pprof)
{
	struct pprof_tables *tables = &pprof->tables;
	struct importing *importing = tables->importing;
	int err = pprof_tables_each(tables, PPROF_SAMPLE_TYPE, WIRE_BYTES, read_sample_type, pprof);

	if (!err)
		err = pprof_tables_each(tables, PPROF_PERIOD_TYPE, WIRE_BYTES, read_period_type, pprof);
	if (!err)
		err = pprof_tables_each(tables, PPROF_PERIOD, WIRE_VARINT, read_number, &pprof->period);
	if (!err)
		err = pprof_tables_each(tables, PPROF_TIME_NANOS, WIRE_VARINT, read_number, &importing->start_unix_ns);
	if (!err)
		err = pprof_tables_each(tables, PPROF_DURATION_NANOS, WIRE_VARINT, read_number, &importing->duration_ns);
	if (!err)
		err = pprof_tables_each(tables, PPROF_DEFAULT_SAMPLE_TYPE, WIRE_VARINT, read_default_type, pprof);
	if (!err)
		err = pprof_tables_each(tables, PPROF_COMMENT, WIRE_VARINT, read_comments, pprof);
	return err ? err : pprof_tables_each(tables, PPROF_COMMENT, WIRE_BYTES, read_comments, pprof);
}

static int choose_type(struct pprof *pprof)
{
	const struct importing *importing = pprof->tables.importing;
	const struct sample_types *types = &pprof->types;
	int chosen;

	if (!types->count)
		return input_fault(importing->input, importing->fault, "pprof: no sample type");
	if (importing->type) {
		chosen = sample_types_choose(types, pprof->tables.assembly->profile, importing->type, importing->input,
			importing->fault);
		pprof->chosen = chosen < 0 ? 0 : (unsigned)chosen;
		return chosen < 0 ? chosen : 0;
	}
	pprof->chosen = types->count - 1;
	for (unsigned i = 0; i < types->count && pprof->default_type != pprof->tables.texts[0]; i++)
		if (types->at[i].type == pprof->default_type)
			pprof->chosen = i;
	return 0;
}

/* The main program is the first mapping; a profile without labels is all of one process. */
static int name_program(struct pprof *pprof)
{
	const struct profile *profile = pprof->tables.assembly->profile;
	const struct profile_mapping *mapping =
		pprof->tables.n_mappings ? profile_get_mapping(profile, pprof->tables.mappings[0].id) : NULL;
	const char *file = mapping ? profile_text(profile, mapping->file) : "", *slash = strrchr(file, '/');
	char name[256];

	file = slash ? slash + 1 : file;
	snprintf(name, sizeof(name), "%s", *file && *file != '[' ? file : "[unknown]");
	return assembly_text(pprof->tables.assembly, name, strlen(name), &pprof->comm);
}

static int intern_keys(struct pprof *pprof)
{
	struct intern *text = &pprof->tables.assembly->profile->text;
	int err = intern_text(text, UNVERIFIED_KEY, &pprof->unverified_key);

	if (!err)
		err = intern_text(text, "true", &pprof->yes);
	if (!err)
		err = intern_text(text, THREAD_KEY, &pprof->thread_key);
	if (!err)
		err = intern_text(text, SERVICE_KEY, &pprof->service_key);
	if (!err)
		err = intern_text(text, "service.name", &pprof->service_attribute);
	for (size_t i = 0; i < COMM_KEYS && !err; i++)
		err = intern_text(text, comm_keys[i], &pprof->comm_key[i]);
	return err ? err : name_program(pprof);
}

static int push_locations(struct pprof *pprof, const struct wire_field *field, struct sample_parts *parts)
{
	struct pprof_tables *tables = &pprof->tables;
	struct cursor ids = cursor_over(field->data, field->len);

	while (cursor_left(&ids)) {
		const uint8_t *at = ids.at;
		uint64_t id = cursor_uleb(&ids);
		uint32_t index = ids.bad ? UINT32_MAX : id_table_find(&tables->location_ids, id);
		uint32_t *frames;

		if (index == UINT32_MAX)
			return pprof_tables_fault(tables, at, "a location that is not there");
		frames = array_grow(pprof->frames, pprof->n_frames, &pprof->frames_cap, sizeof(*frames));
		if (!frames)
			return -ENOMEM;
		pprof->frames = frames;
		frames[pprof->n_frames++] = tables->frames[index].frame;
		parts->cut = tables->frames[index].cut;
	}
	return 0;
}

static int take_values(struct pprof *pprof, const struct wire_field *field, struct sample_parts *parts)
{
	struct cursor values = cursor_over(field->data, field->len);

	while (cursor_left(&values)) {
		uint64_t value = cursor_uleb(&values);

		if (values.bad)
			return pprof_tables_fault(&pprof->tables, field->data, WIRE_READER_BAD);
		if (parts->n_values++ == pprof->chosen)
			parts->value = (int64_t)value;
	}
	return 0;
}

static void take_label(struct pprof *pprof, struct sample_parts *parts, uint32_t key, uint32_t value)
{
	if (key == pprof->unverified_key)
		parts->unverified = value == pprof->yes;
	for (size_t i = 0; i < parts->comm_rank; i++)
		if (key == pprof->comm_key[i]) {
			parts->comm_rank = i;
			parts->comm = value;
		}
	if (key == pprof->service_key)
		key = pprof->service_attribute;
	if (attribute_set_knows(text_of(pprof, key)))
		attribute_set_add(&parts->resource, pprof->tables.assembly->profile, key, value);
}

static int read_label(struct pprof *pprof, const struct wire_field *message, struct sample_parts *parts)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	uint32_t none = pprof->tables.texts[0], key = none, value = none;
	struct wire_field field;
	char number[24];
	int err = 0;

	while (!err && wire_reader_next(&reader, &field)) {
		if (wire_field_is(&field, 1, WIRE_VARINT)) {
			err = pprof_tables_text(&pprof->tables, &field, &key);
		} else if (wire_field_is(&field, 2, WIRE_VARINT)) {
			err = pprof_tables_text(&pprof->tables, &field, &value);
		} else if (wire_field_is(&field, 3, WIRE_VARINT) && key == pprof->thread_key) {
			parts->tid = field.value <= INT32_MAX ? (uint32_t)field.value : 0;
		} else if (wire_field_is(&field, 3, WIRE_VARINT) && attribute_set_knows(text_of(pprof, key))) {
			snprintf(number, sizeof(number), "%" PRId64, (int64_t)field.value);
			err = intern_text(&pprof->tables.assembly->profile->text, number, &value);
		}
	}
	if (!err && reader.cursor.bad)
		return pprof_tables_fault(&pprof->tables, reader.at, WIRE_READER_BAD);
	if (!err && key != none && value != none)
		take_label(pprof, parts, key, value);
	return err;
}

static int parse_sample(struct pprof *pprof, const struct wire_field *message, struct sample_parts *parts)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct wire_field field;
	int err = 0;

	pprof->n_frames = 0;
	while (!err && wire_reader_next(&reader, &field)) {
		if (wire_field_is_varints(&field, 1))
			err = push_locations(pprof, &field, parts);
		else if (wire_field_is_varints(&field, 2))
			err = take_values(pprof, &field, parts);
		else if (wire_field_is(&field, 3, WIRE_BYTES))
			err = read_label(pprof, &field, parts);
	}
	if (err)
		return err;
	if (reader.cursor.bad)
		return pprof_tables_fault(&pprof->tables, reader.at, WIRE_READER_BAD);
	if (parts->n_values != pprof->types.count)
		return pprof_tables_fault(&pprof->tables, message->data,
			"a sample with more or fewer values than there are types");
	if (parts->value < 0)
		return pprof_tables_fault(&pprof->tables, message->data,
			"a value below 0: differences of two profiles are not read");
	return 0;
}

static int add_sample(struct pprof *pprof, struct sample_parts *parts)
{
	struct assembly *assembly = pprof->tables.assembly;
	struct profile_sample sample = {
		.comm = parts->comm, .cut = (uint16_t)parts->cut, .tid = parts->tid};
	int err = attribute_set_process(&parts->resource, assembly, &sample.process);

	sample.flags = parts->unverified ? SAMPLE_UNVERIFIED : 0;
	if (!err)
		err = assembly_stack(assembly, pprof->frames, pprof->n_frames - !!parts->cut, &sample.stack);
	return err ? err : assembly_sample(assembly, &sample, (uint64_t)parts->value);
}

static int read_sample(void *context, const struct wire_field *message)
{
	struct pprof *pprof = context;
	struct sample_parts parts = {.comm = pprof->comm, .comm_rank = COMM_KEYS};
	int err = parse_sample(pprof, message, &parts);

	if (err || !parts.value)
		return err;
	err = add_sample(pprof, &parts);
	if (err == -EOVERFLOW)
		return pprof_tables_fault(&pprof->tables, message->data, "the values add up to more than 2^63 - 1");
	if (err == -E2BIG)
		return pprof_tables_fault(&pprof->tables, message->data, IMPORTER_TOO_DEEP);
	return err;
}

static int set_value(struct pprof *pprof)
{
	const struct profile_value value = {
		.type = pprof->types.at[pprof->chosen].type,
		.unit = pprof->types.at[pprof->chosen].unit,
		.period_type = pprof->period_type.type,
		.period_unit = pprof->period_type.unit,
		.period = (uint64_t)pprof->period,
	};

	return importer_set_value(pprof->tables.importing, &value);
}

static int read_all(struct pprof *pprof)
{
	int err = pprof_tables_read(&pprof->tables);

	if (err)
		return err;
	pprof->default_type = pprof->period_type.type = pprof->period_type.unit = pprof->tables.texts[0];
	err = read_head(pprof);
	if (!err)
		err = choose_type(pprof);
	if (!err)
		err = set_value(pprof);
	if (!err)
		err = intern_keys(pprof);
	if (!err)
		err = pprof_tables_each(&pprof->tables, PPROF_SAMPLE, WIRE_BYTES, read_sample, pprof);
	return err;
}

int pprof_read(struct importing *importing)
{
	struct pprof pprof = {.tables = {.importing = importing, .assembly = &importing->import->assembly}};
	int err = read_all(&pprof);

	pprof_tables_release(&pprof.tables);
	free(pprof.frames);
	return err;
}
