/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names as file_names.h, file_symbols.h and jit.h find them, by the child. What goes wrong with it costs the names of the
 * file: -EPIPE.
 */
#ifndef PROFOUND_PARSER_NAMES_H
#define PROFOUND_PARSER_NAMES_H

#include "abi.h"
#include "parser/parser_worker.h"
#include "symbolize/namer.h"

/* All of it, for symbolize; `worker` is borrowed. */
struct namer parser_names_namer(struct parser_worker *worker);

/* As file_names_go(): 0, -ENODATA, -ENOEXEC, -EIO, -EPIPE, -ENOMEM. */
int parser_names_go(struct parser_worker *worker, int fd, struct batch *batch);

/* As file_symbols_resolve(), and -EPIPE. */
int parser_names_symbols(struct parser_worker *worker, int fd, int debug_fd, struct batch *batch);

/* As jit_resolve(), and -EPIPE. */
int parser_names_jit(struct parser_worker *worker, const struct jit_files *files, struct batch *batch,
	const struct jit_span *spans, uint64_t counters[COUNTERS]);

#endif
