/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file's unwind rows (unwind_table.h), built by the child: no byte of them is believed. */
#ifndef PROFOUND_PARSER_TABLE_H
#define PROFOUND_PARSER_TABLE_H

#include "object/unwind_table.h"
#include "parser/parser_worker.h"

/* As unwind_table_init(), and -EPIPE: the child died at it, hung or lied. */
int parser_table_build(struct parser_worker *worker, struct unwind_table *table, int fd, struct rules *rules);

#endif
