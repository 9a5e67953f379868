/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads protobuf (Encoding, protobuf.dev/programming-guides/encoding) field by field: bytes that the caller holds, no
 * memory, no recursion. A field that is not known is passed over by not looking at it; groups are refused.
 *
 *	struct wire_reader reader = wire_reader_over(data, len);
 *
 *	while (wire_reader_next(&reader, &field))
 *		...
 *	if (reader.cursor.bad)
 *		what is at reader.at is no field
 */
#ifndef PROFOUND_WIRE_READER_H
#define PROFOUND_WIRE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/wire.h"

#define WIRE_READER_BAD "cut off, or no protobuf" /* what to say of it */

struct wire_field {
	unsigned number;
	enum wire_type type;
	uint64_t value;      /* VARINT, FIXED64, FIXED32 */
	const uint8_t *data; /* BYTES: what is in it; else the value's own bytes */
	size_t len;
};

struct wire_reader {
	struct cursor cursor;
	const uint8_t *at; /* of the field that was read last */
};

static inline struct wire_reader wire_reader_over(const void *data, size_t len)
{
	return (struct wire_reader){cursor_over(data, len), data};
}

/* False at the end, and where it is bad. */
bool wire_reader_next(struct wire_reader *reader, struct wire_field *field);

static inline bool wire_field_is(const struct wire_field *field, unsigned number, enum wire_type type)
{
	return field->number == number && field->type == type;
}

/* Whether it is a repeated number that is written as varints, packed or not; cursor_uleb() over data and len reads. */
static inline bool wire_field_is_varints(const struct wire_field *field, unsigned number)
{
	return field->number == number && (field->type == WIRE_VARINT || field->type == WIRE_BYTES);
}

/* Whether it is a repeated fixed64, packed or not; cursor_unsigned() of 8 over data and len reads. */
static inline bool wire_field_is_fixed64s(const struct wire_field *field, unsigned number)
{
	return field->number == number && (field->type == WIRE_FIXED64 || field->type == WIRE_BYTES);
}

#endif
