// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/cpython_lines.h"

#include "base/cursor.h"

#define NO_LINE -128 /* 3.10: these instructions belong to no line */

#define LINE_MAX_SANE ((int64_t)INT32_MAX)

static uint32_t as_line(int64_t line)
{
	return line > 0 && line <= LINE_MAX_SANE ? (uint32_t)line : 0;
}

/* Pairs of (bytes, lines): the line changes behind as many bytes. */
static uint32_t find_lnotab(const struct cpython_lines *lines, uint32_t offset)
{
	struct cursor cursor = cursor_over(lines->table, lines->size & ~(size_t)1);
	int64_t line = lines->first_line;
	uint64_t at = 0;

	while (cursor_left(&cursor)) {
		at += cursor_unsigned(&cursor, 1);
		if (at > offset)
			break;
		line += cursor_signed(&cursor, 1);
	}
	return as_line(line);
}

/* Pairs of (bytes, lines): so many bytes belong to the line that is reached then. */
static uint32_t find_linetable(const struct cpython_lines *lines, uint32_t offset)
{
	struct cursor cursor = cursor_over(lines->table, lines->size & ~(size_t)1);
	int64_t line = lines->first_line;
	uint64_t end = 0;

	while (cursor_left(&cursor)) {
		int64_t delta;

		end += cursor_unsigned(&cursor, 1);
		delta = cursor_signed(&cursor, 1);
		if (delta != NO_LINE)
			line += delta;
		if (offset < end)
			return delta == NO_LINE ? 0 : as_line(line);
	}
	return 0;
}

/* Six bits a byte, low ones first; bit 6: there is more. One that does not fit 32 bits is bad. */
static uint32_t take_varint(struct cursor *cursor)
{
	uint64_t value = 0, byte;
	unsigned shift = 0;

	do {
		byte = cursor_unsigned(cursor, 1);
		value |= (byte & 0x3f) << shift;
		shift += 6;
		if (value > UINT32_MAX || shift > 36)
			cursor_fail(cursor);
	} while (byte & 0x40 && !cursor->bad);
	return (uint32_t)value;
}

static int64_t take_signed_varint(struct cursor *cursor)
{
	uint32_t value = take_varint(cursor);

	return value & 1 ? -(int64_t)(value >> 1) : (int64_t)(value >> 1);
}

enum location_code { /* Include/internal/pycore_code.h, enum _PyCodeLocationInfoKind */
	LOCATION_ONE_LINE = 10, /* and 11, 12: that many lines more than 10 */
	LOCATION_NO_COLUMNS = 13,
	LOCATION_LONG = 14,
	LOCATION_NONE = 15,
};

static int64_t take_line_delta(struct cursor *cursor, unsigned code)
{
	if (code < LOCATION_ONE_LINE || code == LOCATION_NONE)
		return 0;
	if (code < LOCATION_NO_COLUMNS)
		return code - LOCATION_ONE_LINE;
	return take_signed_varint(cursor);
}

/* An entry begins with the only byte of it that has its highest bit set. */
static void skip_columns(struct cursor *cursor)
{
	while (cursor_left(cursor) && !(*cursor->at & 0x80))
		cursor->at++;
}

static uint32_t find_locations(const struct cpython_lines *lines, uint32_t offset)
{
	struct cursor cursor = cursor_over(lines->table, lines->size);
	int64_t line = lines->first_line;
	uint64_t end = 0;

	while (cursor_left(&cursor)) {
		unsigned byte = (unsigned)cursor_unsigned(&cursor, 1), code = byte >> 3 & 15;

		if (!(byte & 0x80))
			return 0;
		end += 2 * ((byte & 7) + 1);
		line += take_line_delta(&cursor, code);
		if (cursor.bad)
			return 0;
		if (offset < end)
			return code == LOCATION_NONE ? 0 : as_line(line);
		skip_columns(&cursor);
	}
	return 0;
}

uint32_t cpython_lines_find(const struct cpython_lines *lines, uint32_t offset)
{
	switch (lines->kind) {
	case CPYTHON_LNOTAB:
		return find_lnotab(lines, offset);
	case CPYTHON_LINETABLE:
		return find_linetable(lines, offset);
	case CPYTHON_LOCATIONS:
		break;
	}
	return find_locations(lines, offset);
}
