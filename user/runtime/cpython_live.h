/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Python frames of one thread of a stopped process, by the same steps as the kernel side's (bpf/step_cpython.h), over
 * process_vm_readv(2). The process is hostile.
 */
#ifndef PROFOUND_CPYTHON_LIVE_H
#define PROFOUND_CPYTHON_LIVE_H

#include <stdint.h>

#include "abi.h"
#include "runtime/cpython_facts.h"

struct cpython_live_name {
	char *function; /* owned; "" when it could not be read */
	char *file;     /* path; owned */
	uint32_t line;  /* 0: not known */
};

/* A zeroed struct is empty: no interpreter. */
struct cpython_live {
	struct abi_runtime_frame *frames; /* innermost first, as the kernel side has them; owned */
	struct cpython_live_name *names;  /* one each */
	uint32_t n;
	uint8_t cut; /* enum abi_counter of class CUT; 0: whole. runtime_not_ready: it does not know the thread */
};

/* Of the thread whose pthread_self() is `thread`, in process `pid`, whose interpreter is mapped at `bias`. 0 or -ENOMEM,
 * and then *out is empty. */
int cpython_live_walk(struct cpython_live *out, uint32_t pid, uint64_t thread, const struct cpython_facts *facts,
	uint64_t bias);
void cpython_live_release(struct cpython_live *live);

#endif
