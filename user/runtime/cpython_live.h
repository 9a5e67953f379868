/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Python frames of one thread of a stopped process, by the same steps as the kernel side's (bpf/step_cpython.h), over
 * process_vm_readv(2), or over the pieces of memory that such a walk has read. Both are hostile.
 */
#ifndef PROFOUND_CPYTHON_LIVE_H
#define PROFOUND_CPYTHON_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "runtime/cpython_facts.h"
#include "runtime/memory_pieces.h"

struct cpython_live_name {
	char *function; /* owned; "" when it could not be read */
	char *file;     /* path; owned */
	uint32_t line;  /* 0: not known */
	bool internal;  /* cpython_code.internal */
};

/* A zeroed struct is empty: no interpreter. */
struct cpython_live {
	struct abi_runtime_frame *frames; /* innermost first, as the kernel side has them; owned */
	struct cpython_live_name *names;  /* one each */
	uint32_t n;
	uint8_t cut; /* enum abi_counter of class CUT; 0: whole. runtime_not_ready: it does not know the thread */
};

/* Where the interpreter of a process is, and which of its threads is meant. */
struct cpython_where {
	struct abi_cpython abi;
	enum cpython_lines_kind lines;
	uint64_t bias;   /* of its file */
	uint64_t thread; /* pthread_self() */
};

/* Walks. pid 0: over `pieces`, which are sorted; else what is read of the process is added to them, as far as there is
 * room. 0 or -ENOMEM, and then *out is empty. */
int cpython_live_walk(struct cpython_live *out, const struct cpython_where *where, uint32_t pid,
	struct memory_pieces *pieces);
void cpython_live_release(struct cpython_live *live);

#endif
