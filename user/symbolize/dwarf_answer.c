// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/dwarf_answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "symbolize/dwarf_protocol.h"
#include "symbolize/dwarf_worker.h"

#define ALLOCATION 32 /* what malloc(3) takes for a string beside its bytes, at most */
#define LINE_BYTES (2 * sizeof(struct code_line)) /* arrays grow to the double */

int dwarf_answer_init(struct dwarf_answer *answer, size_t count)
{
	*answer = (struct dwarf_answer){.lines = calloc(count, sizeof(*answer->lines)), .count = count};
	return answer->lines ? 0 : -ENOMEM;
}

void dwarf_answer_release(struct dwarf_answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		code_lines_release(&answer->lines[i]);
	free(answer->lines);
	*answer = (struct dwarf_answer){0};
}

/* *out: owned, NULL when the child knows none. */
static int take_string(struct cursor *cursor, uint16_t len, char **out)
{
	const uint8_t *at;

	*out = NULL;
	if (len == DWARF_NO_STRING)
		return 0;
	at = len < DWARF_STRING_MAX ? cursor_take(cursor, len) : NULL;
	if (!at || memchr(at, 0, len))
		return -EPROTO;
	*out = strndup((const char *)at, len);
	return *out ? 0 : -ENOMEM;
}

static uint64_t size_of(uint16_t len)
{
	return len == DWARF_NO_STRING ? 0 : len + ALLOCATION;
}

static int take_record(struct dwarf_answer *answer, struct cursor *cursor)
{
	const uint8_t *at = cursor_take(cursor, sizeof(struct dwarf_record));
	struct code_line line = {0};
	struct dwarf_record record;
	int err;

	if (!at)
		return -EPROTO;
	memcpy(&record, at, sizeof(record));
	if (record.item >= answer->count)
		return -EPROTO;
	line.line = record.line;
	line.first_line = record.first_line;
	answer->bytes += LINE_BYTES + size_of(record.function_len) + size_of(record.file_len);
	if (answer->bytes > DWARF_RESULT_MAX)
		return -E2BIG;
	err = take_string(cursor, record.function_len, &line.function);
	if (!err)
		err = take_string(cursor, record.file_len, &line.file);
	if (!err)
		err = code_lines_add(&answer->lines[record.item], &line);
	free(line.function);
	free(line.file);
	return err;
}

int dwarf_answer_take(struct dwarf_answer *answer, const void *data, size_t size)
{
	struct cursor cursor = cursor_over(data, size);
	int err = 0;

	while (cursor_left(&cursor) && !err)
		err = take_record(answer, &cursor);
	return err;
}
