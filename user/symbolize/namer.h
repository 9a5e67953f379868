/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who reads files for names: this process, or a child that may do nothing else (parser/parser_names.h). The child can die at a
 * file, and then its names are missing: -EPIPE.
 */
#ifndef PROFOUND_NAMER_H
#define PROFOUND_NAMER_H

#include "symbolize/batch.h"
#include "symbolize/jit.h"

struct dwarf_files { /* descriptors are not owned; -1: none */
	int mapped; /* what the process mapped */
	int debug;  /* its separate debug file */
	/*
	 * Opens a file that only the DWARF names (.dwo, the alternate one of dwz): a descriptor, which whoever asks closes,
	 * or a negative errno. The path is as hostile as the file: absolute, or relative to the directory of the file that
	 * has .debug_info; the policy is here, and what is no ELF file is handed to nobody. NULL: nothing is opened.
	 */
	int (*open)(void *context, const char *path);
	void *context;
};

struct namer {
	/* go_symbols_resolve() of the ELF file `fd`. */
	int (*go)(void *context, int fd, struct batch *batch);
	/* Lines by DWARF (parser_worker_lines()); NULL: nobody knows. */
	int (*lines)(void *context, const struct dwarf_files *files, struct batch *batch);
	/* file_symbols_resolve() */
	int (*symbols)(void *context, int fd, int debug_fd, struct batch *batch);
	/* jit_resolve() */
	int (*jit)(void *context, const struct jit_files *files, struct batch *batch, const struct jit_span *spans,
		uint64_t counters[COUNTERS]);
	void *context;
};

/* This process, without lines. */
extern const struct namer namer_here;

#endif
