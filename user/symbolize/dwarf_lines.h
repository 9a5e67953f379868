/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One unit's line table (DWARF 2 to 5, "Line Number Information"): its program is run once past sorted addresses, and
 * nothing of it is kept but what they asked for. libdw 0.188 keeps all rows of each table for as long as the file is
 * open, 48 bytes a row, also when only a file's name is wanted (dwarf_getsrcfiles.c), and mixes the rows of functions
 * that the linker left out, which begin at 0, with the others'.
 */
#ifndef PROFOUND_PARSER_LINES_H
#define PROFOUND_PARSER_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "symbolize/dwarf_file.h"

struct dwarf_sections { /* of one file; pointers into it */
	struct cursor line, line_str, str;
};

/* Those of .debug_X, or of .debug_X.dwo where the file is one of split DWARF. */
void dwarf_sections_init(struct dwarf_sections *sections, Elf *elf);

struct dwarf_source_name {
	const char *name;
	uint64_t directory;
};

struct dwarf_lines {
	const struct dwarf_sections *sections;
	const char *comp_dir; /* NULL: not known */
	uint16_t version;
	uint8_t min_instruction, opcode_base, line_range, offset_size, address_size;
	int8_t line_base;
	const uint8_t *opcode_lengths; /* opcode_base - 1 of them */
	struct dwarf_source_name *directories, *files;
	size_t n_directories, n_files;
	struct cursor program;
};

struct dwarf_row { /* of the table, for one address */
	uint64_t file;
	uint32_t line;
	bool found;
};

/* The table at an offset of the line section; strings stay the file's. 0; -EBADMSG; -ENOMEM. */
int dwarf_lines_init(struct dwarf_lines *lines, const struct dwarf_sections *sections, uint64_t offset,
	const char *comp_dir);
void dwarf_lines_release(struct dwarf_lines *lines);

/*
 * Fills rows[i] for every address (sorted) that a sequence covers which begins in code of `file`. 0, or -EBADMSG where
 * the program makes no sense: what came before it holds.
 */
int dwarf_lines_find(struct dwarf_lines *lines, const struct dwarf_file *file, const uint64_t *addresses, size_t count,
	struct dwarf_row *rows);

/* Appends the path of a source file, NUL-terminated, joined with its directory and comp_dir as far as it is relative.
 * 0; -ENOENT no such file in the table; -ENOMEM. */
int dwarf_lines_path(const struct dwarf_lines *lines, uint64_t file, struct buf *path);

#endif
