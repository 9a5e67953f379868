// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/wire.h"

#include <stdlib.h>
#include <string.h>

void wire_release(struct wire *wire)
{
	free(wire->data);
	*wire = (struct wire){0};
}

void wire_clear(struct wire *wire)
{
	wire->len = 0;
	wire->failed = false;
}

/* realloc() moves large blocks by mremap(2) and touches nothing, so doubling costs address space, not memory. */
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
	data = realloc(wire->data, cap);
	if (!data)
		goto fail;
	wire->data = data;
	wire->cap = cap;
	return true;
fail:
	wire->failed = true;
	return false;
}

static void append(struct wire *wire, const void *data, size_t len)
{
	if (!len || !wire_reserve(wire, len))
		return;
	memcpy(wire->data + wire->len, data, len);
	wire->len += len;
}

void wire_fixed64(struct wire *wire, unsigned field, uint64_t value)
{
	if (!value)
		return;
	wire_tag(wire, field, WIRE_FIXED64);
	append(wire, &value, sizeof(value));
}

void wire_bytes(struct wire *wire, unsigned field, const void *data, size_t len)
{
	if (!len)
		return;
	wire_tag(wire, field, WIRE_BYTES);
	wire_varint(wire, len);
	append(wire, data, len);
}

void wire_text(struct wire *wire, unsigned field, const char *text)
{
	wire_bytes(wire, field, text, strlen(text));
}

size_t wire_begin(struct wire *wire, unsigned field)
{
	wire_tag(wire, field, WIRE_BYTES);
	wire_varint(wire, 0);
	return wire->len;
}

/* One byte was left for the length; most messages need no more, the others move up. */
void wire_end(struct wire *wire, size_t begun)
{
	size_t len = wire->len - begun, more = 0;
	uint8_t *at;

	for (size_t rest = len >> 7; rest; rest >>= 7)
		more++;
	if (wire->failed || (more && !wire_reserve(wire, more)))
		return;
	at = wire->data + begun;
	if (more)
		memmove(at + more, at, len);
	for (at--; len >= 0x80; len >>= 7)
		*at++ = (uint8_t)(len | 0x80);
	*at = (uint8_t)len;
	wire->len += more;
}
