// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/content.h"

#include <stdbool.h>
#include <string.h>

#include "base/wire_reader.h"

enum top { /* fields of the top: of OTLP's ProfilesData, of pprof's Profile */
	OTLP_RESOURCE_PROFILES = 1,
	OTLP_DICTIONARY = 2,
	PPROF_SAMPLE_TYPE = 1,
	PPROF_STRINGS = 6,
};

struct shape {
	bool pprof_strings; /* the first of field 6 is empty */
	bool pprof_types;   /* the first of field 1 is numbers, as ValueType is */
	bool whole;         /* protobuf to the last byte */
};

static bool is_value_type(const struct wire_field *message)
{
	struct wire_reader reader = wire_reader_over(message->data, message->len);
	struct wire_field field;

	while (wire_reader_next(&reader, &field))
		if (field.number > 2 || field.type != WIRE_VARINT)
			return false;
	return message->len && !reader.cursor.bad;
}

static struct shape shape_of(const uint8_t *data, size_t len)
{
	struct wire_reader reader = wire_reader_over(data, len);
	bool strings_seen = false, types_seen = false;
	struct shape shape = {0};
	struct wire_field field;

	while (wire_reader_next(&reader, &field)) {
		if (!strings_seen && wire_field_is(&field, PPROF_STRINGS, WIRE_BYTES)) {
			strings_seen = true;
			shape.pprof_strings = !field.len;
		}
		if (!types_seen && wire_field_is(&field, PPROF_SAMPLE_TYPE, WIRE_BYTES)) {
			types_seen = true;
			shape.pprof_types = is_value_type(&field);
		}
	}
	shape.whole = !reader.cursor.bad;
	return shape;
}

static bool has_binary(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] < ' ' && data[i] != '\n' && data[i] != '\t' && data[i] != '\r' && data[i] != '\x1b')
			return true;
	return false;
}

static bool begins_as_otlp(const uint8_t *data)
{
	return data[0] == (OTLP_RESOURCE_PROFILES << 3 | WIRE_BYTES) || data[0] == (OTLP_DICTIONARY << 3 | WIRE_BYTES);
}

enum content content_of(const uint8_t *data, size_t len)
{
	struct shape shape;

	if (!len || !has_binary(data, len))
		return CONTENT_TEXT;
	shape = shape_of(data, len);
	if (shape.pprof_strings || shape.pprof_types)
		return CONTENT_PPROF;
	if (begins_as_otlp(data) && (shape.whole || memchr(data, 0, len)))
		return CONTENT_OTLP;
	return memchr(data, 0, len) ? CONTENT_OTHER : CONTENT_TEXT;
}
