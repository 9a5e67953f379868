/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a child said of a file's lines (dwarf_protocol.h), taken apart by the parent: every byte may be a lie. */
#ifndef PROFOUND_DWARF_ANSWER_H
#define PROFOUND_DWARF_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "symbolize/code_lines.h"

struct dwarf_answer {
	struct code_lines *lines; /* one an item */
	size_t count;
	uint64_t bytes; /* of memory that they take */
};

/* 0 or -ENOMEM. */
int dwarf_answer_init(struct dwarf_answer *answer, size_t count);
void dwarf_answer_release(struct dwarf_answer *answer);

/* The records of one message. 0; -EPROTO; -E2BIG; -ENOMEM. */
int dwarf_answer_take(struct dwarf_answer *answer, const void *data, size_t size);

#endif
