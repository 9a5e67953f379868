/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounds-checked reader of little-endian bytes. What does not fit reads as 0, leaves the cursor
 * at its end and sets `bad`, which stays: a parser reads freely and looks once. LEB128 as in DWARF
 * 5, section 7.6; one that does not fit 64 bits is bad.
 */
#ifndef PROFOUND_CURSOR_H
#define PROFOUND_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *at, *end;
	bool bad;
};

static inline struct cursor cursor_over(const void *data, size_t size)
{
	return (struct cursor){data, (const uint8_t *)data + size, false};
}

static inline size_t cursor_left(const struct cursor *cursor)
{
	return (size_t)(cursor->end - cursor->at);
}

static inline void cursor_fail(struct cursor *cursor)
{
	cursor->at = cursor->end;
	cursor->bad = true;
}

/* The next `size` bytes, passed over; NULL when there are fewer. */
static inline const uint8_t *cursor_take(struct cursor *cursor, uint64_t size)
{
	const uint8_t *at = cursor->at;

	if (size > cursor_left(cursor)) {
		cursor_fail(cursor);
		return NULL;
	}
	cursor->at += size;
	return at;
}

/* An unsigned integer of 1, 2, 4 or 8 bytes. */
static inline uint64_t cursor_unsigned(struct cursor *cursor, size_t size)
{
	const uint8_t *at = cursor_take(cursor, size);
	uint64_t value = 0;

	if (at)
		memcpy(&value, at, size);
	return value;
}

static inline int64_t cursor_signed(struct cursor *cursor, size_t size)
{
	unsigned unused = 64 - 8 * (unsigned)size;

	return (int64_t)(cursor_unsigned(cursor, size) << unused) >> unused;
}

/* More than one byte of LEB128; for the two below. */
uint64_t cursor_long_uleb(struct cursor *cursor);
int64_t cursor_long_sleb(struct cursor *cursor);

static inline uint64_t cursor_uleb(struct cursor *cursor)
{
	if (cursor->at < cursor->end && *cursor->at < 0x80)
		return *cursor->at++;
	return cursor_long_uleb(cursor);
}

static inline int64_t cursor_sleb(struct cursor *cursor)
{
	if (cursor->at < cursor->end && *cursor->at < 0x80)
		return (int64_t)((*cursor->at++ ^ 0x40) - 0x40);
	return cursor_long_sleb(cursor);
}

#endif
