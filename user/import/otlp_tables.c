// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/otlp_tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/otlp_proto.h"
#include "import/array.h"

void otlp_tables_release(struct otlp_tables *tables)
{
	free(tables->texts);
	free(tables->attributes);
	free(tables->mappings);
	free(tables->functions);
	free(tables->frames);
	free(tables->stacks);
	free(tables->lines);
	free(tables->path);
}

int otlp_tables_fault(const struct otlp_tables *tables, const uint8_t *at, const char *what)
{
	const struct input *input = tables->importing->input;

	return input_fault_at(input, (size_t)(at - input->data), tables->importing->fault, "OTLP: %s", what);
}

int otlp_tables_end(const struct otlp_tables *tables, const struct wire_reader *reader)
{
	return reader->cursor.bad ? otlp_tables_fault(tables, reader->at, WIRE_READER_BAD) : 0;
}

/* An index of 0 is the zero value also where the table is empty. */
static int check_index(const struct otlp_tables *tables, const struct wire_field *field, uint32_t count,
	const char *what)
{
	return field->value && field->value >= count ? otlp_tables_fault(tables, field->data, what) : 0;
}

int otlp_tables_text(const struct otlp_tables *tables, const struct wire_field *field, uint32_t *text)
{
	int err = check_index(tables, field, tables->n_texts, "an index past the end of the string table");

	if (!err)
		*text = field->value < tables->n_texts ? tables->texts[field->value] : tables->none;
	return err;
}

int otlp_tables_stack(const struct otlp_tables *tables, const struct wire_field *field, struct otlp_stack *stack)
{
	int err = check_index(tables, field, tables->n_stacks, "an index past the end of the stack table");

	if (!err && field->value < tables->n_stacks)
		*stack = tables->stacks[field->value];
	return err;
}

int otlp_tables_value_type(
	const struct otlp_tables *tables, const struct wire_field *message, uint32_t *type, uint32_t *unit)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct wire_field field;
	int err = 0;

	*type = *unit = tables->none;
	while (!err && wire_reader_next(&reader, &field)) {
		if (wire_field_is(&field, VALUE_TYPE_TYPE, WIRE_VARINT))
			err = otlp_tables_text(tables, &field, type);
		else if (wire_field_is(&field, VALUE_TYPE_UNIT, WIRE_VARINT))
			err = otlp_tables_text(tables, &field, unit);
	}
	return err ? err : otlp_tables_end(tables, &reader);
}

/* One field of AnyValue (opentelemetry/proto/common/v1/common.proto). */
static int take_value(const struct otlp_tables *tables, const struct wire_field *field, struct otlp_value *value)
{
	uint32_t text;
	int err = 0;

	if (wire_field_is(field, ANY_STRING, WIRE_BYTES)) {
		err = assembly_text(tables->assembly, (const char *)field->data, field->len, &text);
		*value = (struct otlp_value){OTLP_TEXT, err ? 0 : text};
	} else if (wire_field_is(field, ANY_STRING_STRINDEX, WIRE_VARINT)) {
		err = otlp_tables_text(tables, field, &text);
		*value = (struct otlp_value){OTLP_TEXT, err ? 0 : text};
	} else if (wire_field_is(field, ANY_BOOL, WIRE_VARINT)) {
		*value = (struct otlp_value){OTLP_BOOL, field->value != 0};
	} else if (wire_field_is(field, ANY_INT, WIRE_VARINT)) {
		*value = (struct otlp_value){OTLP_INT, field->value};
	} else if (wire_field_is(field, ANY_DOUBLE, WIRE_FIXED64)) {
		*value = (struct otlp_value){OTLP_REAL, field->value};
	}
	return err;
}

int otlp_tables_value(const struct otlp_tables *tables, const struct wire_field *message, struct otlp_value *value)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct wire_field field;
	int err = 0;

	*value = (struct otlp_value){0};
	while (!err && wire_reader_next(&reader, &field))
		err = take_value(tables, &field, value);
	return err ? err : otlp_tables_end(tables, &reader);
}

int otlp_tables_each_attribute(const struct otlp_tables *tables, const struct wire_field *indices,
	int (*take)(void *context, const struct otlp_attribute *attribute), void *context)
{
	struct cursor values = cursor_over(indices->data, indices->len);
	int err = 0;

	while (!err && cursor_left(&values)) {
		struct wire_field index = {.data = values.at};

		index.value = cursor_uleb(&values);
		if (values.bad)
			return otlp_tables_fault(tables, index.data, WIRE_READER_BAD);
		err = check_index(tables, &index, tables->n_attributes, "an index past the end of the attribute table");
		if (!err && index.value)
			err = take(context, &tables->attributes[index.value]);
	}
	return err;
}

static int read_string(struct otlp_tables *tables, const struct wire_field *field)
{
	uint32_t *texts = array_grow(tables->texts, tables->n_texts, &tables->texts_cap, sizeof(*texts));

	if (!texts)
		return -ENOMEM;
	tables->texts = texts;
	return assembly_text(tables->assembly, (const char *)field->data, field->len, &texts[tables->n_texts++]);
}

static int read_attribute(struct otlp_tables *tables, const struct wire_field *message)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct otlp_attribute *attributes, *attribute;
	struct wire_field field;
	int err = 0;

	attributes = array_grow(tables->attributes, tables->n_attributes, &tables->attributes_cap, sizeof(*attributes));
	if (!attributes)
		return -ENOMEM;
	tables->attributes = attributes;
	attribute = &attributes[tables->n_attributes++];
	*attribute = (struct otlp_attribute){.key = tables->none};
	while (!err && wire_reader_next(&reader, &field)) {
		if (wire_field_is(&field, ATTRIBUTE_KEY, WIRE_VARINT))
			err = otlp_tables_text(tables, &field, &attribute->key);
		else if (wire_field_is(&field, ATTRIBUTE_VALUE, WIRE_BYTES))
			err = otlp_tables_value(tables, &field, &attribute->value);
	}
	return err ? err : otlp_tables_end(tables, &reader);
}

struct reading_mapping {
	const struct otlp_tables *tables;
	struct profile_mapping mapping;
};

static int take_build_id(void *context, const struct otlp_attribute *attribute)
{
	struct reading_mapping *reading = context;
	const struct otlp_tables *tables = reading->tables;
	uint32_t text = (uint32_t)attribute->value.bits;

	if (attribute->value.kind != OTLP_TEXT)
		return 0;
	if (attribute->key == tables->build_id_gnu)
		reading->mapping.gnu_build_id = text;
	else if (attribute->key == tables->build_id_go)
		reading->mapping.go_build_id = text;
	else if (attribute->key == tables->build_id_htlhash)
		reading->mapping.htlhash = text;
	return 0;
}

static int parse_mapping(struct reading_mapping *reading, const struct wire_field *message)
{
	const struct otlp_tables *tables = reading->tables;
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct wire_field field;
	int err = 0;

	while (!err && wire_reader_next(&reader, &field)) {
		if (wire_field_is(&field, MAPPING_MEMORY_START, WIRE_VARINT))
			reading->mapping.start = field.value;
		else if (wire_field_is(&field, MAPPING_MEMORY_LIMIT, WIRE_VARINT))
			reading->mapping.limit = field.value;
		else if (wire_field_is(&field, MAPPING_FILE_OFFSET, WIRE_VARINT))
			reading->mapping.offset = field.value;
		else if (wire_field_is(&field, MAPPING_FILENAME, WIRE_VARINT))
			err = otlp_tables_text(tables, &field, &reading->mapping.file);
		else if (wire_field_is_varints(&field, MAPPING_ATTRIBUTE_INDICES))
			err = otlp_tables_each_attribute(tables, &field, take_build_id, reading);
	}
	return err ? err : otlp_tables_end(tables, &reader);
}

static int read_mapping(struct otlp_tables *tables, const struct wire_field *message)
{
	uint32_t none = tables->none;
	struct reading_mapping reading = {tables,
		{.file = none, .gnu_build_id = none, .go_build_id = none, .htlhash = none}};
	struct location_mapping *mappings;
	int err = parse_mapping(&reading, message);

	if (err)
		return err;
	mappings = array_grow(tables->mappings, tables->n_mappings, &tables->mappings_cap, sizeof(*mappings));
	if (!mappings)
		return -ENOMEM;
	tables->mappings = mappings;
	return location_map(tables->assembly, &reading.mapping, &mappings[tables->n_mappings++]);
}

static uint32_t line_number(uint64_t value)
{
	return value <= UINT32_MAX ? (uint32_t)value : 0;
}

static int read_function(struct otlp_tables *tables, const struct wire_field *message)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct otlp_function *functions, *function;
	uint32_t system_name = tables->none;
	struct wire_field field;
	int err = 0;

	functions = array_grow(tables->functions, tables->n_functions, &tables->functions_cap, sizeof(*functions));
	if (!functions)
		return -ENOMEM;
	tables->functions = functions;
	function = &functions[tables->n_functions++];
	*function = (struct otlp_function){.name = tables->none, .file = tables->none};
	while (!err && wire_reader_next(&reader, &field)) {
		if (wire_field_is(&field, FUNCTION_NAME, WIRE_VARINT))
			err = otlp_tables_text(tables, &field, &function->name);
		else if (wire_field_is(&field, FUNCTION_SYSTEM_NAME, WIRE_VARINT))
			err = otlp_tables_text(tables, &field, &system_name);
		else if (wire_field_is(&field, FUNCTION_FILENAME, WIRE_VARINT))
			err = otlp_tables_text(tables, &field, &function->file);
		else if (wire_field_is(&field, FUNCTION_START_LINE, WIRE_VARINT))
			function->first_line = line_number(field.value);
	}
	if (function->name == tables->none)
		function->name = system_name;
	return err ? err : otlp_tables_end(tables, &reader);
}

static int read_line(const struct otlp_tables *tables, const struct wire_field *message, struct profile_line *line)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct wire_field field;
	int err = 0;

	*line = (struct profile_line){.function = tables->none, .file = tables->none};
	while (!err && wire_reader_next(&reader, &field)) {
		if (wire_field_is(&field, LINE_LINE, WIRE_VARINT))
			line->line = line_number(field.value);
		if (!wire_field_is(&field, LINE_FUNCTION_INDEX, WIRE_VARINT))
			continue;
		err = check_index(tables, &field, tables->n_functions, "an index past the end of the function table");
		if (!err && field.value) {
			const struct otlp_function *function = &tables->functions[field.value];

			line->function = function->name;
			line->file = function->file;
			line->first_line = function->first_line;
		}
	}
	return err ? err : otlp_tables_end(tables, &reader);
}

static int push_line(struct otlp_tables *tables, const struct wire_field *message, struct location *location)
{
	struct profile_line *lines = array_grow(tables->lines, location->n_lines, &tables->lines_cap, sizeof(*lines));

	if (!lines)
		return -ENOMEM;
	tables->lines = location->lines = lines;
	if (location->n_lines == UINT16_MAX)
		return otlp_tables_fault(tables, message->data, "a location of more than 65,535 functions");
	return read_line(tables, message, &lines[location->n_lines++]);
}

struct reading_location {
	struct otlp_tables *tables;
	struct location location;
};

static int take_frame_type(void *context, const struct otlp_attribute *attribute)
{
	struct reading_location *reading = context;
	const struct otlp_tables *tables = reading->tables;

	if (attribute->key == tables->frame_type && attribute->value.kind == OTLP_TEXT)
		reading->location.type =
			frame_type_of(profile_text(tables->assembly->profile, (uint32_t)attribute->value.bits));
	return 0;
}

static int parse_location(struct reading_location *reading, const struct wire_field *message)
{
	struct otlp_tables *tables = reading->tables;
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct wire_field field;
	int err = 0;

	while (!err && wire_reader_next(&reader, &field)) {
		if (wire_field_is(&field, LOCATION_MAPPING_INDEX, WIRE_VARINT)) {
			err = check_index(
				tables, &field, tables->n_mappings, "an index past the end of the mapping table");
			if (!err && field.value)
				reading->location.mapping = tables->mappings[field.value];
		} else if (wire_field_is(&field, LOCATION_ADDRESS, WIRE_VARINT)) {
			reading->location.address = field.value;
		} else if (wire_field_is(&field, LOCATION_LINES, WIRE_BYTES)) {
			err = push_line(tables, &field, &reading->location);
		} else if (wire_field_is_varints(&field, LOCATION_ATTRIBUTE_INDICES)) {
			err = otlp_tables_each_attribute(tables, &field, take_frame_type, reading);
		}
	}
	return err ? err : otlp_tables_end(tables, &reader);
}

static int read_location(struct otlp_tables *tables, const struct wire_field *message)
{
	struct reading_location reading = {tables, {.mapping.kind = FRAME_FILE}};
	struct location_frame *frames;
	int err = parse_location(&reading, message);

	if (err)
		return err;
	frames = array_grow(tables->frames, tables->n_frames, &tables->frames_cap, sizeof(*frames));
	if (!frames)
		return -ENOMEM;
	tables->frames = frames;
	reading.location.lines = array_grow(tables->lines, 0, &tables->lines_cap, sizeof(*tables->lines));
	if (!reading.location.lines)
		return -ENOMEM;
	tables->lines = reading.location.lines;
	return location_make(tables->assembly, &reading.location, &frames[tables->n_frames++]);
}

static int push_locations(struct otlp_tables *tables, const struct wire_field *indices, uint32_t *cut)
{
	struct cursor values = cursor_over(indices->data, indices->len);

	while (cursor_left(&values)) {
		struct wire_field index = {.data = values.at};
		uint32_t *path = array_grow(tables->path, tables->n_path, &tables->path_cap, sizeof(*path));

		if (!path)
			return -ENOMEM;
		tables->path = path;
		index.value = cursor_uleb(&values);
		if (values.bad)
			return otlp_tables_fault(tables, index.data, WIRE_READER_BAD);
		if (index.value >= tables->n_frames)
			return otlp_tables_fault(tables, index.data, "an index past the end of the location table");
		path[tables->n_path++] = tables->frames[index.value].frame;
		*cut = tables->frames[index.value].cut;
	}
	return 0;
}

static int read_stack(struct otlp_tables *tables, const struct wire_field *message)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct otlp_stack *stacks = array_grow(tables->stacks, tables->n_stacks, &tables->stacks_cap, sizeof(*stacks));
	struct otlp_stack *stack;
	struct wire_field field;
	int err = 0;

	if (!stacks)
		return -ENOMEM;
	tables->stacks = stacks;
	stack = &stacks[tables->n_stacks++];
	stack->cut = tables->n_path = 0;
	while (!err && wire_reader_next(&reader, &field))
		if (wire_field_is_varints(&field, STACK_LOCATION_INDICES))
			err = push_locations(tables, &field, &stack->cut);
	if (!err)
		err = otlp_tables_end(tables, &reader);
	return err ? err : assembly_stack(tables->assembly, tables->path, tables->n_path - !!stack->cut, &stack->stack);
}

typedef int read_entry(struct otlp_tables *tables, const struct wire_field *entry);

static int read_table_of(struct otlp_tables *tables, const struct wire_field *dictionary,
	enum otlp_profiles_dictionary_field table, read_entry *read)
{
	struct wire_reader reader = wire_reader_over(dictionary->data, dictionary->len);
	struct wire_field field;
	int err = 0;

	while (!err && wire_reader_next(&reader, &field))
		if (wire_field_is(&field, table, WIRE_BYTES))
			err = read(tables, &field);
	return err ? err : otlp_tables_end(tables, &reader);
}

/* A message that is in its parent twice is merged (protobuf): its tables go on. */
static int read_table(struct otlp_tables *tables, enum otlp_profiles_dictionary_field table, read_entry *read)
{
	const struct input *input = tables->importing->input;
	struct wire_reader reader = wire_reader_over(input->data, input->len);
	struct wire_field field;
	int err = 0;

	while (!err && wire_reader_next(&reader, &field))
		if (wire_field_is(&field, DATA_DICTIONARY, WIRE_BYTES))
			err = read_table_of(tables, &field, table, read);
	return err ? err : otlp_tables_end(tables, &reader);
}

static int intern_keys(struct otlp_tables *tables)
{
	struct intern *text = &tables->assembly->profile->text;
	int err = intern_text(text, "", &tables->none);

	if (!err)
		err = intern_text(text, OTLP_BUILD_ID_GNU, &tables->build_id_gnu);
	if (!err)
		err = intern_text(text, OTLP_BUILD_ID_GO, &tables->build_id_go);
	if (!err)
		err = intern_text(text, OTLP_BUILD_ID_HTLHASH, &tables->build_id_htlhash);
	return err ? err : intern_text(text, OTLP_FRAME_TYPE, &tables->frame_type);
}

int otlp_tables_read(struct otlp_tables *tables)
{
	/* What refers to others comes after them. */
	static const struct {
		enum otlp_profiles_dictionary_field table;
		read_entry *read;
	} order[] = {
		{DICTIONARY_STRING, read_string},
		{DICTIONARY_ATTRIBUTE, read_attribute},
		{DICTIONARY_MAPPING, read_mapping},
		{DICTIONARY_FUNCTION, read_function},
		{DICTIONARY_LOCATION, read_location},
		{DICTIONARY_STACK, read_stack},
	};
	int err = intern_keys(tables);

	for (size_t i = 0; i < sizeof(order) / sizeof(*order) && !err; i++)
		err = read_table(tables, order[i].table, order[i].read);
	return err;
}
