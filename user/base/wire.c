// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/wire.h"

#include <string.h>

#include "base/large.h"

void wire_release(struct wire *wire)
{
	large_free(wire->data, wire->cap);
	*wire = (struct wire){0};
}

void wire_clear(struct wire *wire)
{
	wire->len = 0;
	wire->failed = false;
}

bool wire_reserve(struct wire *wire, size_t more)
{
	size_t cap = wire->cap ? wire->cap : 4096;
	uint8_t *data;

	if (more <= wire->cap - wire->len)
		return true;
	if (more > SIZE_MAX / 4 || wire->len > SIZE_MAX / 4)
		goto fail;
	while (cap < wire->len + more)
		cap *= 2;
	data = large_resize(wire->data, wire->cap, cap);
	if (!data)
		goto fail;
	wire->data = data;
	wire->cap = cap;
	return true;
fail:
	wire->failed = true;
	return false;
}

void wire_append(struct wire *wire, const void *data, size_t len)
{
	if (!len || !wire_reserve(wire, len))
		return;
	memcpy(wire->data + wire->len, data, len);
	wire->len += len;
}

void wire_oneof_uint(struct wire *wire, unsigned field, uint64_t value)
{
	wire_tag(wire, field, WIRE_VARINT);
	wire_varint(wire, value);
}

void wire_oneof_double(struct wire *wire, unsigned field, double value)
{
	wire_tag(wire, field, WIRE_FIXED64);
	wire_append(wire, &value, sizeof(value));
}

void wire_oneof_bytes(struct wire *wire, unsigned field, const void *data, size_t len)
{
	wire_tag(wire, field, WIRE_BYTES);
	wire_varint(wire, len);
	wire_append(wire, data, len);
}

void wire_fixed64(struct wire *wire, unsigned field, uint64_t value)
{
	if (!value)
		return;
	wire_tag(wire, field, WIRE_FIXED64);
	wire_append(wire, &value, sizeof(value));
}

void wire_bytes(struct wire *wire, unsigned field, const void *data, size_t len)
{
	if (len)
		wire_oneof_bytes(wire, field, data, len);
}

void wire_text(struct wire *wire, unsigned field, const char *text)
{
	wire_bytes(wire, field, text, strlen(text));
}

void wire_packed(struct wire *wire, unsigned field, const uint32_t *values, size_t count)
{
	size_t begun;
	uint8_t *at;

	if (!count)
		return;
	begun = wire_begin(wire, field);
	if (!wire_reserve(wire, count * WIRE_VARINT_MAX))
		return;
	at = wire->data + wire->len;
	for (size_t i = 0; i < count; i++)
		at = wire_put_varint(at, values[i]);
	wire->len = (size_t)(at - wire->data);
	wire_end(wire, begun);
}

size_t wire_begin_sized(struct wire *wire, unsigned field, size_t expected)
{
	size_t more = wire_varint_size(expected) - 1;

	wire_tag(wire, field, WIRE_BYTES);
	if (!wire_reserve(wire, more + 1))
		return wire->len;
	wire->len += more + 1;
	wire->data[wire->len - 1] = (uint8_t)more;
	return wire->len;
}

void wire_end_long(struct wire *wire, size_t begun)
{
	size_t len = wire->len - begun, needed = wire_varint_size(len), room;
	uint8_t *start;

	if (wire->failed || (needed > 1 && !wire_reserve(wire, needed)))
		return;
	room = wire->data[begun - 1] + 1u;
	start = wire->data + begun - room;
	if (needed != room)
		memmove(start + needed, start + room, len);
	wire_put_varint(start, len);
	wire->len = begun - room + needed + len;
}
