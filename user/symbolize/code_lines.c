// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/code_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void release_line(struct code_line *line)
{
	free(line->function);
	free(line->file);
}

void code_lines_release(struct code_lines *lines)
{
	for (uint32_t i = 0; i < lines->count; i++)
		release_line(&lines->at[i]);
	free(lines->at);
	*lines = (struct code_lines){0};
}

static int reserve(struct code_lines *lines)
{
	uint32_t cap = lines->cap ? lines->cap * 2 : 2;
	struct code_line *at;

	if (lines->count < lines->cap)
		return 0;
	at = reallocarray(lines->at, cap, sizeof(*at));
	if (!at)
		return -ENOMEM;
	lines->at = at;
	lines->cap = cap;
	return 0;
}

int code_lines_add(struct code_lines *lines, const struct code_line *line)
{
	struct code_line copy = *line;
	int err;

	if (lines->count == CODE_LINES_MAX)
		return -E2BIG;
	err = reserve(lines);
	if (err)
		return err;
	copy.function = line->function ? strdup(line->function) : NULL;
	copy.file = line->file ? strdup(line->file) : NULL;
	if ((line->function && !copy.function) || (line->file && !copy.file)) {
		release_line(&copy);
		return -ENOMEM;
	}
	lines->at[lines->count++] = copy;
	return 0;
}

const char *code_lines_outermost(const struct code_lines *lines)
{
	return lines->count ? lines->at[lines->count - 1].function : NULL;
}
