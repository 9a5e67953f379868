// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/jit_lines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cursor.h"

#define PADDING 7u /* V8 rounds records up to 8 bytes */
#define NAME_MAX_BYTES 4096u

struct entry {
	uint64_t address;
	uint32_t line;
	const char *file;
};

/* Text as people name files in: no control character, and whole UTF-8. */
static bool is_text(const char *name, size_t len)
{
	const uint8_t *at = (const uint8_t *)name;

	if (!len || len > NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < len;) {
		size_t more = at[i] < 0x80 ? 0 : at[i] >= 0xf0 ? 3 : at[i] >= 0xe0 ? 2 : 1;

		if (at[i] < 0x20 || at[i] == 0x7f || at[i] >= 0xf5 || (at[i] >= 0x80 && at[i] < 0xc2))
			return false;
		for (i++; more; more--, i++)
			if (i == len || (at[i] & 0xc0) != 0x80)
				return false;
	}
	return true;
}

static int next_entry(struct cursor *cursor, struct entry *entry)
{
	const char *name;
	size_t len;

	entry->address = cursor_unsigned(cursor, 8);
	entry->line = (uint32_t)cursor_unsigned(cursor, 4);
	cursor_unsigned(cursor, 4);
	if (cursor->bad)
		return -EINVAL;
	name = (const char *)cursor->at;
	len = strnlen(name, cursor_left(cursor));
	if (!cursor_take(cursor, len + 1))
		return -EINVAL;
	if (len == 1 && (uint8_t)name[0] == 0xff)
		return entry->file ? 0 : -EINVAL;
	if (!is_text(name, len))
		return -EINVAL;
	entry->file = name;
	return 0;
}

/* All entries are looked at, found or not: one that is wrong takes the others with it. */
static int search(struct cursor *cursor, const struct jit_debug *debug, uint64_t address,
	uint64_t shift, struct entry *found)
{
	uint64_t code = cursor_unsigned(cursor, 8), count = cursor_unsigned(cursor, 8);
	struct entry entry = {0};

	if (cursor->bad || code != debug->code || count > debug->size / JIT_LINES_ENTRY)
		return -EINVAL;
	for (uint64_t i = 0; i < count; i++) {
		if (next_entry(cursor, &entry))
			return -EINVAL;
		entry.address -= shift;
		if (entry.address - code > debug->code_size)
			return -EINVAL;
		if (entry.address <= address && (!found->file || entry.address >= found->address))
			*found = entry;
	}
	return cursor_left(cursor) > PADDING ? -EINVAL : found->file && found->line ? 0 : -ENOENT;
}

static int read_whole(int fd, uint8_t *to, size_t size, uint64_t at)
{
	while (size) {
		ssize_t n = pread(fd, to, size, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EIO;
		to += n;
		at += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

int jit_lines_find(int fd, const struct jit_debug *debug, uint64_t address, uint64_t shift,
	struct jit_lines_spent *spent, struct code_lines *lines)
{
	struct entry found = {0};
	struct cursor cursor;
	uint8_t *bytes;
	int err;

	if (debug->size < JIT_LINES_HEADER || debug->size > JIT_LINES_BYTES_MAX)
		return -EINVAL;
	if (spent->items == JIT_LINES_ITEMS_MAX || spent->bytes + debug->size > JIT_LINES_COST_MAX)
		return -E2BIG;
	spent->items++;
	spent->bytes += debug->size;
	bytes = malloc(debug->size);
	if (!bytes)
		return -ENOMEM;
	err = read_whole(fd, bytes, debug->size, debug->at);
	cursor = cursor_over(bytes, debug->size);
	if (!err)
		err = search(&cursor, debug, address, shift, &found);
	if (!err)
		err = code_lines_add(lines,
			&(struct code_line){.file = (char *)(uintptr_t)found.file, .line = found.line});
	free(bytes);
	return err;
}
