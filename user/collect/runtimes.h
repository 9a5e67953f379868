/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interpreters while a recording runs: tells the kernel side which processes run one, takes in the code objects that it
 * tells of, and weaves the interpreter's frames into the native ones.
 */
#ifndef PROFOUND_RUNTIMES_H
#define PROFOUND_RUNTIMES_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/programs.h"
#include "process/process.h"
#include "profile/profile.h"
#include "runtime/code_table.h"
#include "runtime/interpreters.h"

struct ring_buffer;

#define RUNTIMES_AWAITED 64

struct runtimes_awaited { /* a process whose interpreter is not mapped yet */
	struct abi_notice notice;
	uint32_t looks;
};

struct runtimes {
	struct processes *processes; /* borrowed */
	int (*deliver)(void *context); /* applies the sideband's records up to now: what was read of a process takes its
					* place in time among them when somebody asks */
	void *context;
	struct interpreters *interpreters;
	struct code_table *codes;
	struct ring_buffer *ring;
	struct runtimes_awaited awaited[RUNTIMES_AWAITED];
	uint32_t n_awaited;
	int codes_fd; /* readable: runtimes_read(); not owned */
	int timer_fd; /* readable: runtimes_look() */
	uint64_t bytes; /* read so far */
	uint32_t epochs;
};

/* Before init, so that release can be called whatever happens. */
#define RUNTIMES_NONE ((struct runtimes){.timer_fd = -1, .codes_fd = -1})

/* 0 or a negative errno; release it in any case. */
int runtimes_init(struct runtimes *runtimes, const struct programs *programs, struct processes *processes,
	struct profile *profile, int (*deliver)(void *context), void *context);
void runtimes_release(struct runtimes *runtimes);

/* What another recording has learned, before this one samples. */
void runtimes_inherit(struct runtimes *runtimes, const struct runtimes *from);

/* A process was met, and its maps were read. */
void runtimes_meet(struct runtimes *runtimes, const struct process *process, const struct abi_notice *notice);
/* The timer went off: looks again at what is awaited. */
void runtimes_look(struct runtimes *runtimes);
/* Takes in what the kernel side told: before the samples are resolved that have its frames. */
void runtimes_read(struct runtimes *runtimes);
/* An interval was read and resolved. */
void runtimes_epoch(struct runtimes *runtimes);

#endif
