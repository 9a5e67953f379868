/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From an offset in a code object's bytecode to a source line, by the table that CPython keeps of it: co_lnotab (3.6 to
 * 3.9: Objects/lnotab_notes.txt there), co_linetable of 3.10 (Objects/lnotab_notes.txt of 3.10), the location table of
 * 3.11 and later (Objects/locations.md; InternalDocs/code_objects.md since 3.14). A table is hostile.
 */
#ifndef PROFOUND_CPYTHON_LINES_H
#define PROFOUND_CPYTHON_LINES_H

#include <stddef.h>
#include <stdint.h>

enum cpython_lines_kind {
	CPYTHON_LNOTAB,
	CPYTHON_LINETABLE,
	CPYTHON_LOCATIONS,
};

struct cpython_lines {
	enum cpython_lines_kind kind;
	const uint8_t *table; /* borrowed */
	size_t size;
	uint32_t first_line;
};

/* The line at a byte offset; 0: the table has none for it. */
uint32_t cpython_lines_find(const struct cpython_lines *lines, uint32_t offset);

#endif
