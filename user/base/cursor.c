// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/cursor.h"

uint64_t cursor_long_uleb(struct cursor *cursor)
{
	uint64_t value = 0;

	for (unsigned shift = 0; cursor->at < cursor->end; shift += 7) {
		uint8_t byte = *cursor->at++;
		uint64_t bits = byte & 0x7f;

		if (shift >= 64 ? bits : bits << shift >> shift != bits)
			break;
		if (shift < 64)
			value |= bits << shift;
		if (!(byte & 0x80))
			return value;
	}
	cursor_fail(cursor);
	return 0;
}

int64_t cursor_long_sleb(struct cursor *cursor)
{
	uint64_t value = 0;

	for (unsigned shift = 0; cursor->at < cursor->end && shift < 64; shift += 7) {
		uint8_t byte = *cursor->at++;

		/* The tenth byte holds one bit of 64, and the sign again. */
		if (shift == 63 && byte != 0 && byte != 0x7f)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		if (shift < 63 && byte & 0x40)
			value |= ~UINT64_C(0) << (shift + 7);
		return (int64_t)value;
	}
	cursor_fail(cursor);
	return 0;
}
