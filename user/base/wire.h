/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes protobuf (Encoding, protobuf.dev/programming-guides/encoding): append only, one buffer that grows. A message
 * inside another begins with wire_begin() and ends with wire_end(), which fills in its length. Fields whose value
 * is 0 or empty are not written, as proto3 has it. A failed append stays set: write freely, look once at the end.
 */
#ifndef PROFOUND_WIRE_H
#define PROFOUND_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

#define WIRE_VARINT_MAX 10

/* A zeroed struct is empty. */
struct wire {
	uint8_t *data;
	size_t len, cap;
	bool failed; /* no memory: what was written is not whole */
};

void wire_release(struct wire *wire);
/* Keeps the memory, drops the content. */
void wire_clear(struct wire *wire);
/* Room for `more` bytes. False, and failed set: no memory. */
bool wire_reserve(struct wire *wire, size_t more);

/* Appends without looking for room: the caller has reserved it. Returns the end. */
static inline uint8_t *wire_put_varint(uint8_t *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at++ = (uint8_t)value;
	return at;
}

static inline size_t wire_varint_size(uint64_t value)
{
	return (size_t)(63 - __builtin_clzll(value | 1)) / 7 + 1;
}

static inline void wire_varint(struct wire *wire, uint64_t value)
{
	if (wire->cap - wire->len < WIRE_VARINT_MAX && !wire_reserve(wire, WIRE_VARINT_MAX))
		return;
	wire->len = (size_t)(wire_put_varint(wire->data + wire->len, value) - wire->data);
}

static inline void wire_tag(struct wire *wire, unsigned field, enum wire_type type)
{
	wire_varint(wire, (uint64_t)field << 3 | type);
}

/* uint64, uint32, bool, enums; int64 and int32 cast to uint64_t. */
static inline void wire_uint(struct wire *wire, unsigned field, uint64_t value)
{
	if (!value)
		return;
	wire_tag(wire, field, WIRE_VARINT);
	wire_varint(wire, value);
}

/* fixed64, sfixed64. */
void wire_fixed64(struct wire *wire, unsigned field, uint64_t value);
/* bytes and string. */
void wire_bytes(struct wire *wire, unsigned field, const void *data, size_t len);
void wire_text(struct wire *wire, unsigned field, const char *text);
/* What was encoded elsewhere. */
void wire_append(struct wire *wire, const void *data, size_t len);
/* Packed uint32, or int32 that are not negative. */
void wire_packed(struct wire *wire, unsigned field, const uint32_t *values, size_t count);

/* Members of a oneof, which are written whatever their value. */
void wire_oneof_uint(struct wire *wire, unsigned field, uint64_t value);
void wire_oneof_double(struct wire *wire, unsigned field, double value);
void wire_oneof_bytes(struct wire *wire, unsigned field, const void *data, size_t len);

/* A message, or packed values: what wire_end() is to be given. */
static inline size_t wire_begin(struct wire *wire, unsigned field)
{
	wire_tag(wire, field, WIRE_BYTES);
	wire_varint(wire, 0);
	return wire->len;
}

/* The same, of about so many bytes: a large one is not moved at its end if that was the right order of size. */
size_t wire_begin_sized(struct wire *wire, unsigned field, size_t expected);
void wire_end_long(struct wire *wire, size_t begun);

/* Until then the last byte of the room for the length says how many more there are. */
static inline void wire_end(struct wire *wire, size_t begun)
{
	if (wire->len - begun < 0x80 && !wire->failed && !wire->data[begun - 1])
		wire->data[begun - 1] = (uint8_t)(wire->len - begun);
	else
		wire_end_long(wire, begun);
}

#endif
