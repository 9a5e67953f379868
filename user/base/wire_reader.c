// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/wire_reader.h"

#define NUMBER_MAX ((UINT32_C(1) << 29) - 1)

static void read_value(struct cursor *cursor, struct wire_field *field)
{
	const uint8_t *start = cursor->at;

	if (field->type == WIRE_VARINT)
		field->value = cursor_uleb(cursor);
	else if (field->type == WIRE_FIXED64)
		field->value = cursor_unsigned(cursor, 8);
	else
		field->value = cursor_unsigned(cursor, 4);
	field->data = start;
	field->len = (size_t)(cursor->at - start);
}

bool wire_reader_next(struct wire_reader *reader, struct wire_field *field)
{
	struct cursor *cursor = &reader->cursor;
	uint64_t tag, len;

	if (!cursor_left(cursor))
		return false;
	reader->at = cursor->at;
	tag = cursor_uleb(cursor);
	*field = (struct wire_field){.number = (unsigned)(tag >> 3), .type = tag & 7};
	if (!(tag >> 3) || tag >> 3 > NUMBER_MAX) {
		cursor_fail(cursor);
		return false;
	}
	switch (field->type) {
	case WIRE_VARINT:
	case WIRE_FIXED64:
	case WIRE_FIXED32:
		read_value(cursor, field);
		break;
	case WIRE_BYTES:
		len = cursor_uleb(cursor);
		field->data = cursor_take(cursor, len);
		field->len = (size_t)len;
		break;
	default:
		cursor_fail(cursor);
	}
	return !cursor->bad;
}
