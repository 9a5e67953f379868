/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of code made at run time from what its JIT left: a jitdump, which knows times, before a perf-map, which does
 * not; the latter names only what the former says nothing about.
 */
#ifndef PROFOUND_JIT_H
#define PROFOUND_JIT_H

#include "abi.h"
#include "symbolize/batch.h"
#include "symbolize/jit_history.h"

struct jit_files { /* borrowed; negative: there is none */
	int dump_fd, map_fd;
	bool other_clock;  /* the jitdump's times are of another time namespace */
	uint64_t since_ns; /* what was sampled before is another program's, and gets no name; 0: nothing is */
};

/*
 * Names a sorted batch of virtual addresses of one process; spans[i] says when items[i] was sampled. What was refused
 * is added to `counters`. 0 or -ENOMEM: a file that cannot be read costs its names.
 */
int jit_resolve(const struct jit_files *files, struct batch *batch, const struct jit_span *spans,
	uint64_t counters[COUNTERS]);

/* A process that execs keeps its number, not its code: what was sampled before gets no name. */
void jit_dispute_before(uint64_t since_ns, struct batch *batch, const struct jit_span *spans);

#endif
