// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/parser_answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "parser/parser_protocol.h"
#include "parser/parser_worker.h"

#define ALLOCATION 32 /* what malloc(3) takes for a string beside its bytes, at most */
#define LINE_BYTES (2 * sizeof(struct code_line)) /* arrays grow to the double */

int parser_answer_init(struct parser_answer *answer, size_t count)
{
	*answer = (struct parser_answer){.lines = calloc(count, sizeof(*answer->lines)),
		.names = calloc(count, sizeof(*answer->names)), .count = count};
	if (answer->lines && answer->names)
		return 0;
	answer->count = 0;
	parser_answer_release(answer);
	return -ENOMEM;
}

void parser_answer_release(struct parser_answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		code_lines_release(&answer->lines[i]);
	for (size_t i = 0; i < answer->count; i++)
		free(answer->names[i].name);
	free(answer->lines);
	free(answer->names);
	*answer = (struct parser_answer){0};
}

/* *out: owned, NULL when the child knows none. */
static int take_string(struct cursor *cursor, uint16_t len, char **out)
{
	const uint8_t *at;

	*out = NULL;
	if (len == PARSER_NO_STRING)
		return 0;
	at = len < PARSER_STRING_MAX ? cursor_take(cursor, len) : NULL;
	if (!at || memchr(at, 0, len))
		return -EPROTO;
	*out = strndup((const char *)at, len);
	return *out ? 0 : -ENOMEM;
}

static uint64_t size_of(uint16_t len)
{
	return len == PARSER_NO_STRING ? 0 : len + ALLOCATION;
}

static int take_record(struct parser_answer *answer, struct cursor *cursor)
{
	const uint8_t *at = cursor_take(cursor, sizeof(struct parser_record));
	struct code_line line = {0};
	struct parser_record record;
	int err;

	if (!at)
		return -EPROTO;
	memcpy(&record, at, sizeof(record));
	if (record.item >= answer->count)
		return -EPROTO;
	line.line = record.line;
	line.first_line = record.first_line;
	answer->bytes += LINE_BYTES + size_of(record.function_len) + size_of(record.file_len);
	if (answer->bytes > PARSER_RESULT_MAX)
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

int parser_answer_take(struct parser_answer *answer, const void *data, size_t size)
{
	struct cursor cursor = cursor_over(data, size);
	int err = 0;

	while (cursor_left(&cursor) && !err)
		err = take_record(answer, &cursor);
	return err;
}

static int take_name(struct parser_answer *answer, struct cursor *cursor)
{
	const uint8_t *at = cursor_take(cursor, sizeof(struct parser_name));
	struct parser_answer_name *name;
	struct parser_name record;

	if (!at)
		return -EPROTO;
	memcpy(&record, at, sizeof(record));
	if (record.item >= answer->count || record.type >= FRAME_TYPES || answer->names[record.item].told)
		return -EPROTO;
	answer->bytes += size_of(record.len);
	if (answer->bytes > PARSER_RESULT_MAX)
		return -E2BIG;
	name = &answer->names[record.item];
	name->told = true;
	name->type = record.type;
	name->renamed = record.renamed != 0;
	return take_string(cursor, record.len, &name->name);
}

int parser_answer_take_names(struct parser_answer *answer, const void *data, size_t size)
{
	struct cursor cursor = cursor_over(data, size);
	int err = 0;

	while (cursor_left(&cursor) && !err)
		err = take_name(answer, &cursor);
	return err;
}

void parser_answer_move_lines(struct parser_answer *answer, struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		if (!answer->lines[i].count)
			continue;
		code_lines_release(&batch->items[i].lines);
		batch->items[i].lines = answer->lines[i];
		answer->lines[i] = (struct code_lines){0};
	}
}
