/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The jobs of the child that parses: what each does with its descriptors, and what it sends. */
#ifndef PROFOUND_PARSER_SERVE_H
#define PROFOUND_PARSER_SERVE_H

#include "parser/parser_answer.h"
#include "parser/parser_job.h"
#include "symbolize/dwarf_reader.h"

struct parser_task {
	enum parser_job job;
	uint32_t flags;
	int fds[PARSER_FDS];
	size_t n_fds;
	struct batch batch;         /* sorted */
	struct jit_span *spans;     /* one an item, or NULL */
	uint32_t n_spans;
	struct parser_answer hints; /* the outermost functions of items, where they are known */
};

/* Does it, and sends what came out by `records`, whose result is *sent. What DONE says: 0 or a negative errno. `source`: for
 * PARSER_JOB_LINES. */
int parser_serve(struct parser_task *task, const struct dwarf_source *source, struct parser_records *records, int *sent);

#endif
