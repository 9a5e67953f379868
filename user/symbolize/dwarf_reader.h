/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inlined functions and source lines from DWARF 2 to 5 (libdw 0.188). Runs in parser_child only: libelf maps the files,
 * so that one that is cut off meanwhile is a SIGBUS, and neither library was made for hostile files.
 *
 * Units are found by their ranges, for clang writes no .debug_aranges; what these do not cover, by that. Each unit with wanted addresses is
 * walked once (dwarf_walk.h), and its line table is run once.
 */
#ifndef PROFOUND_DWARF_READER_H
#define PROFOUND_DWARF_READER_H

#include <stdbool.h>

#include "symbolize/batch.h"

struct dwarf_source {
	int fd; /* the file with .debug_info */
	void *context;
	/* Opens a file that only the DWARF names: absolute, or relative to the file's directory. A descriptor, which
	 * becomes the reader's, or a negative errno. */
	int (*open)(void *context, const char *path);
	/* libdw opens split units (.dwo) by itself, in __libdw_find_split_unit(), and only while this was called with
	 * true. It would also search the alternate file, without a look at its build id. */
	void (*may_open)(void *context, bool may);
};

/*
 * Fills the lines of a sorted batch of ELF virtual addresses: those of the items that the DWARF knows. 0; -ENODATA no
 * DWARF; -ENOENT a file that the DWARF names was not there, -EBADMSG some of it makes no sense (both: the lines that
 * were found are right); -ENOEXEC; -ENOMEM.
 */
int dwarf_reader_lines(const struct dwarf_source *source, struct batch *batch);

#endif
