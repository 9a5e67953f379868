// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/pprof_tables.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "import/array.h"

void pprof_tables_release(struct pprof_tables *tables)
{
	free(tables->texts);
	free(tables->mappings);
	free(tables->functions);
	free(tables->frames);
	free(tables->lines);
	id_table_release(&tables->mapping_ids);
	id_table_release(&tables->function_ids);
	id_table_release(&tables->location_ids);
}

int pprof_tables_fault(const struct pprof_tables *tables, const uint8_t *at, const char *what)
{
	const struct input *input = tables->importing->input;

	return input_fault_at(input, (size_t)(at - input->data), tables->importing->fault, "pprof: %s", what);
}

int pprof_tables_text(const struct pprof_tables *tables, const struct wire_field *field, uint32_t *text)
{
	if (field->value >= tables->n_texts)
		return pprof_tables_fault(tables, field->data, "an index past the end of the string table");
	*text = tables->texts[field->value];
	return 0;
}

int pprof_tables_each(struct pprof_tables *tables, enum pprof_profile_field number, enum wire_type type,
	int (*read)(void *context, const struct wire_field *field), void *context)
{
	struct wire_reader reader = wire_reader_over(tables->importing->input->data, tables->importing->input->len);
	struct wire_field field;
	int err = 0;

	while (!err && wire_reader_next(&reader, &field))
		if (wire_field_is(&field, number, type))
			err = read(context, &field);
	if (!err && reader.cursor.bad)
		return pprof_tables_fault(tables, reader.at, WIRE_READER_BAD);
	return err;
}

static int read_string(void *context, const struct wire_field *field)
{
	struct pprof_tables *tables = context;
	uint32_t *texts = array_grow(tables->texts, tables->n_texts, &tables->texts_cap, sizeof(*texts));

	if (!texts)
		return -ENOMEM;
	tables->texts = texts;
	if (!tables->n_texts && field->len)
		return pprof_tables_fault(tables, field->data, "the first string is not empty");
	return assembly_text(tables->assembly, (const char *)field->data, field->len, &texts[tables->n_texts++]);
}

/* One text for whatever proves the build: Go's own has slashes, an ELF note's is hex digits. */
static void set_build_id(const struct profile *profile, struct profile_mapping *mapping, uint32_t text)
{
	const char *id = profile_text(profile, text);
	size_t len = strspn(id, "0123456789abcdefABCDEF");

	if (!id[len])
		mapping->gnu_build_id = text;
	else if (strchr(id, '/'))
		mapping->go_build_id = text;
}

static int parse_mapping(struct pprof_tables *tables, const struct wire_field *message,
	struct profile_mapping *mapping, uint64_t *id)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct wire_field field;
	uint32_t build_id = tables->texts[0];
	int err = 0;

	while (!err && wire_reader_next(&reader, &field)) {
		if (field.type != WIRE_VARINT)
			continue;
		if (field.number == 1)
			*id = field.value;
		else if (field.number == 2)
			mapping->start = field.value;
		else if (field.number == 3)
			mapping->limit = field.value;
		else if (field.number == 4)
			mapping->offset = field.value;
		else if (field.number == 5)
			err = pprof_tables_text(tables, &field, &mapping->file);
		else if (field.number == 6)
			err = pprof_tables_text(tables, &field, &build_id);
	}
	if (!err && reader.cursor.bad)
		return pprof_tables_fault(tables, reader.at, WIRE_READER_BAD);
	set_build_id(tables->assembly->profile, mapping, build_id);
	return err;
}

static int read_mapping(void *context, const struct wire_field *message)
{
	struct pprof_tables *tables = context;
	uint32_t none = tables->texts[0];
	struct profile_mapping mapping = {.file = none, .gnu_build_id = none, .go_build_id = none, .htlhash = none};
	struct location_mapping *mappings;
	uint64_t id = 0;
	int err = parse_mapping(tables, message, &mapping, &id);

	if (err)
		return err;
	mappings = array_grow(tables->mappings, tables->n_mappings, &tables->mappings_cap, sizeof(*mappings));
	if (!mappings)
		return -ENOMEM;
	tables->mappings = mappings;
	err = location_map(tables->assembly, &mapping, &mappings[tables->n_mappings++]);
	return err ? err : id_table_add(&tables->mapping_ids, id);
}

static uint32_t line_number(uint64_t value)
{
	return value <= UINT32_MAX ? (uint32_t)value : 0;
}

static int read_function(void *context, const struct wire_field *message)
{
	struct pprof_tables *tables = context;
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct pprof_function function = {.name = tables->texts[0], .file = tables->texts[0]}, *functions;
	struct wire_field field;
	uint64_t id = 0;
	uint32_t system_name = tables->texts[0];
	int err = 0;

	while (!err && wire_reader_next(&reader, &field)) {
		if (field.type != WIRE_VARINT)
			continue;
		if (field.number == 1)
			id = field.value;
		else if (field.number == 2)
			err = pprof_tables_text(tables, &field, &function.name);
		else if (field.number == 3)
			err = pprof_tables_text(tables, &field, &system_name);
		else if (field.number == 4)
			err = pprof_tables_text(tables, &field, &function.file);
		else if (field.number == 5)
			function.first_line = line_number(field.value);
	}
	if (!err && reader.cursor.bad)
		return pprof_tables_fault(tables, reader.at, WIRE_READER_BAD);
	if (err)
		return err;
	functions = array_grow(tables->functions, tables->n_functions, &tables->functions_cap, sizeof(*functions));
	if (!functions)
		return -ENOMEM;
	tables->functions = functions;
	if (function.name == tables->texts[0])
		function.name = system_name;
	functions[tables->n_functions++] = function;
	return id_table_add(&tables->function_ids, id);
}

/* Ids are unique. */
static int sort_ids(struct pprof_tables *tables, struct id_table *ids, const char *what)
{
	uint64_t twice = 0;

	if (!id_table_sort(ids, &twice))
		return 0;
	return input_fault(tables->importing->input, tables->importing->fault, "pprof: two %s have the id %" PRIu64, what,
		twice);
}

static int read_line(struct pprof_tables *tables, const struct wire_field *message, struct profile_line *line)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct wire_field field;
	uint32_t index;

	*line = (struct profile_line){.function = tables->texts[0], .file = tables->texts[0]};
	while (wire_reader_next(&reader, &field)) {
		if (wire_field_is(&field, 2, WIRE_VARINT))
			line->line = line_number(field.value);
		if (!wire_field_is(&field, 1, WIRE_VARINT) || !field.value)
			continue;
		index = id_table_find(&tables->function_ids, field.value);
		if (index == UINT32_MAX)
			return pprof_tables_fault(tables, field.data, "a function that is not there");
		line->function = tables->functions[index].name;
		line->file = tables->functions[index].file;
		line->first_line = tables->functions[index].first_line;
	}
	return reader.cursor.bad ? pprof_tables_fault(tables, reader.at, WIRE_READER_BAD) : 0;
}

static int push_line(struct pprof_tables *tables, const struct wire_field *message, struct location *location)
{
	struct profile_line *lines = array_grow(tables->lines, location->n_lines, &tables->lines_cap, sizeof(*lines));

	if (!lines)
		return -ENOMEM;
	tables->lines = lines;
	if (location->n_lines == UINT16_MAX)
		return pprof_tables_fault(tables, message->data, "a location of more than 65,535 functions");
	return read_line(tables, message, &lines[location->n_lines++]);
}

static int parse_location(struct pprof_tables *tables, const struct wire_field *message,
	struct location *location, uint64_t *id)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct wire_field field;
	int err = 0;

	while (!err && wire_reader_next(&reader, &field)) {
		if (wire_field_is(&field, 4, WIRE_BYTES)) {
			err = push_line(tables, &field, location);
		} else if (wire_field_is(&field, 1, WIRE_VARINT)) {
			*id = field.value;
		} else if (wire_field_is(&field, 3, WIRE_VARINT)) {
			location->address = field.value;
		} else if (wire_field_is(&field, 2, WIRE_VARINT) && field.value) {
			uint32_t index = id_table_find(&tables->mapping_ids, field.value);

			if (index == UINT32_MAX)
				return pprof_tables_fault(tables, field.data, "a mapping that is not there");
			location->mapping = tables->mappings[index];
		}
	}
	if (!err && reader.cursor.bad)
		return pprof_tables_fault(tables, reader.at, WIRE_READER_BAD);
	return err;
}

static int read_location(void *context, const struct wire_field *message)
{
	struct pprof_tables *tables = context;
	struct location location = {.mapping.kind = FRAME_FILE};
	struct location_frame *frames;
	uint64_t id = 0;
	int err = parse_location(tables, message, &location, &id);

	if (err)
		return err;
	frames = array_grow(tables->frames, tables->n_frames, &tables->frames_cap, sizeof(*frames));
	if (!frames)
		return -ENOMEM;
	tables->frames = frames;
	location.lines = array_grow(tables->lines, 0, &tables->lines_cap, sizeof(*tables->lines));
	if (!location.lines)
		return -ENOMEM;
	tables->lines = location.lines;
	err = location_make(tables->assembly, &location, &frames[tables->n_frames++]);
	return err ? err : id_table_add(&tables->location_ids, id);
}

int pprof_tables_read(struct pprof_tables *tables)
{
	int err = pprof_tables_each(tables, PPROF_STRING_TABLE, WIRE_BYTES, read_string, tables);

	if (!err && !tables->n_texts)
		return input_fault(tables->importing->input, tables->importing->fault, "pprof: no string table");
	if (!err)
		err = pprof_tables_each(tables, PPROF_MAPPING, WIRE_BYTES, read_mapping, tables);
	if (!err)
		err = sort_ids(tables, &tables->mapping_ids, "mappings");
	if (!err)
		err = pprof_tables_each(tables, PPROF_FUNCTION, WIRE_BYTES, read_function, tables);
	if (!err)
		err = sort_ids(tables, &tables->function_ids, "functions");
	if (!err)
		err = pprof_tables_each(tables, PPROF_LOCATION, WIRE_BYTES, read_location, tables);
	return err ? err : sort_ids(tables, &tables->location_ids, "locations");
}
