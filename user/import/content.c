// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/content.h"

#include <string.h>

#include "import/wire_reader.h"

enum top { /* fields of the top: of OTLP's ProfilesData, of pprof's Profile */
	OTLP_RESOURCE_PROFILES = 1,
	OTLP_DICTIONARY = 2,
	PPROF_SAMPLE_TYPE = 1,
	PPROF_STRINGS = 6,
	PPROF_LAST = 15,
};

struct shape {
	uint32_t seen;         /* bit N: field N, up to 31 */
	bool strings_are_good; /* the first of field 6 is empty */
	bool whole;            /* protobuf to the last byte */
	bool numbers_first;    /* the first field 1 begins with a number */
};

/* Whether the message begins with a field that is a number, as ValueType's both are. */
static bool begins_with_number(const struct wire_field *message)
{
	return message->len && (message->data[0] & 7) == WIRE_VARINT;
}

static struct shape shape_of(const uint8_t *data, size_t len)
{
	struct wire_reader reader = wire_reader_over(data, len);
	struct shape shape = {0};
	struct wire_field field;

	while (wire_reader_next(&reader, &field)) {
		uint32_t bit = field.number < 32 ? UINT32_C(1) << field.number : UINT32_C(1) << 31;

		if (!(shape.seen & bit) && wire_field_is(&field, PPROF_STRINGS, WIRE_BYTES))
			shape.strings_are_good = !field.len;
		if (!(shape.seen & bit) && wire_field_is(&field, PPROF_SAMPLE_TYPE, WIRE_BYTES))
			shape.numbers_first = begins_with_number(&field);
		shape.seen |= bit;
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
	const uint32_t otlp = 1u << OTLP_RESOURCE_PROFILES | 1u << OTLP_DICTIONARY;
	const uint32_t pprof = ((1u << (PPROF_LAST + 1)) - 1) & ~1u;
	struct shape shape;

	if (!len || !has_binary(data, len))
		return CONTENT_TEXT;
	shape = shape_of(data, len);
	if (shape.strings_are_good)
		return CONTENT_PPROF;
	if (shape.numbers_first || (shape.whole && shape.seen & ~otlp && !(shape.seen & ~pprof)))
		return CONTENT_PPROF;
	if (begins_as_otlp(data) && (shape.whole || memchr(data, 0, len)))
		return CONTENT_OTLP;
	return memchr(data, 0, len) ? CONTENT_OTHER : CONTENT_TEXT;
}
