/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a child said of names and lines (parser_protocol.h), taken apart by the parent: every byte may be a lie. */
#ifndef PROFOUND_PARSER_ANSWER_H
#define PROFOUND_PARSER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/frame.h"
#include "symbolize/batch.h"
#include "symbolize/code_lines.h"

struct parser_answer_name {
	char *name; /* owned */
	enum frame_type type;
	bool told, renamed; /* told without a name: disputed */
};

struct parser_answer {
	struct code_lines *lines; /* one an item */
	struct parser_answer_name *names; /* one an item */
	size_t count;
	uint64_t bytes; /* of memory that they take */
};

/* 0 or -ENOMEM. */
int parser_answer_init(struct parser_answer *answer, size_t count);
void parser_answer_release(struct parser_answer *answer);

/* The records of one message. 0; -EPROTO; -E2BIG; -ENOMEM. */
int parser_answer_take(struct parser_answer *answer, const void *data, size_t size);
int parser_answer_take_names(struct parser_answer *answer, const void *data, size_t size);

/* The lines of items that were told become theirs; what they had goes. */
void parser_answer_move_lines(struct parser_answer *answer, struct batch *batch);

#endif
