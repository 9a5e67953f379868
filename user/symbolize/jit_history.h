/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose code was at one address while it was sampled, from what a JIT told over time. Of the records that came
 * before the first sample the last counts, and all of those that came between the first sample and the last; if
 * these are of two functions, nobody knows which of them a sample was in. Where the first record came after the
 * first sample it counts from the start: runtimes tell of code when it runs already, and never told of other code
 * there. A record after the last sample counts for nothing.
 */
#ifndef PROFOUND_JIT_HISTORY_H
#define PROFOUND_JIT_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jit_span { /* CLOCK_MONOTONIC; first > last: not known, anything may be in it */
	uint64_t first_ns, last_ns;
};

struct jit_debug { /* a JIT_CODE_DEBUG_INFO record's payload in its file; size 0: none */
	uint64_t at;
	uint32_t size;
	uint64_t code, code_size; /* where the function was when it was written */
};

struct jit_code {
	uint64_t time_ns;
	uint64_t index; /* who it is, though it moves */
	uint64_t start;
	struct jit_debug debug;
	const char *name; /* NULL: from then on nothing is known to be there */
	bool unknown;     /* and something is: a function whose name could not be read */
	size_t name_len;
};

struct jit_record { /* a code that was kept: its name is owned */
	struct jit_code code;
	char *name;
	bool any;
};

struct jit_history {
	struct jit_span span;
	struct jit_record before, during;
	bool mixed;
};

enum jit_answer { JIT_NOTHING, JIT_ONE, JIT_MIXED };

void jit_history_init(struct jit_history *history, struct jit_span span);
void jit_history_release(struct jit_history *history);

/* A record that is about the address, in the order of the file; times may go back. 0 or -ENOMEM. */
int jit_history_add(struct jit_history *history, const struct jit_code *code);

/* JIT_ONE fills *code, which borrows; its debug is empty where the function was told with different ones. */
enum jit_answer jit_history_answer(const struct jit_history *history, struct jit_code *code);

#endif
