/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the code at an address comes from: the functions that were inlined there, innermost first, and last the
 * function that holds them; each with the source line that is being run, which for all but the innermost is that of
 * the call.
 */
#ifndef PROFOUND_CODE_LINES_H
#define PROFOUND_CODE_LINES_H

#include <stdint.h>

#define CODE_LINES_MAX 64 /* of one address; deeper ones are not told */

struct code_line {
	char *function; /* owned; as the compiler names it, mangled or plain; NULL: not known */
	char *file;     /* owned; path of the source file; NULL: not known */
	uint32_t line, first_line; /* first_line: where the function begins; 0: not known */
};

struct code_lines {
	struct code_line *at;
	uint32_t count, cap;
};

/* A zeroed struct is empty. */
void code_lines_release(struct code_lines *lines);

/* Appends a copy; strings may be NULL. 0, -ENOMEM, -E2BIG. */
int code_lines_add(struct code_lines *lines, const struct code_line *line);

/* The function that holds the others; NULL: not known. */
const char *code_lines_outermost(const struct code_lines *lines);

#endif
