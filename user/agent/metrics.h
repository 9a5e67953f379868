/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How an agent does, in numbers: filled by its thread, read by that of its listener. Rendered as Prometheus' text
 * exposition format 0.0.4; counters only grow as long as the agent runs.
 */
#ifndef PROFOUND_METRICS_H
#define PROFOUND_METRICS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/forwarder.h"
#include "agent/scribe.h"
#include "agent/spool.h"
#include "base/buf.h"

struct metrics_values {
	uint64_t intervals, unnamed, lost; /* written in all; without names from files; not written */
	uint64_t cut_short;                /* intervals that ended early, for want of memory */
	uint64_t extended;                 /* that were longer, because the one before was not written yet */
	uint64_t expected, taken, idle, complete, unverified, frames, named;
	uint64_t counter[COUNTERS];
	double cpu_seconds;
	uint64_t heap_bytes, bpf_bytes, memory_limit_bytes;
	uint64_t spool_errors, spool_dropped, store_errors, store_gone;
	uint32_t frequency_hz, frequency_asked_hz;
	uint64_t processes, files; /* that are known now */
	struct tables_figures tables;
	uint32_t published; /* processes that the kernel side walks */
	uint64_t clock_steps;
	bool spooling, storing;
	struct spool_depth depth;
	struct forwarder_figures sending;
	uint64_t alive_ns;  /* CLOCK_MONOTONIC: when the agent's thread last said so */
	bool sampling;
};

struct metrics {
	pthread_mutex_t lock;
	struct metrics_values values;
};

void metrics_init(struct metrics *metrics);
void metrics_release(struct metrics *metrics);

/* Between the two nobody else reads or writes. */
struct metrics_values *metrics_begin(struct metrics *metrics);
void metrics_end(struct metrics *metrics);

/* Adds an interval's figures. */
void metrics_add_report(struct metrics_values *values, const struct scribe_report *report);

/* Appends all of it. 0 or -ENOMEM. */
int metrics_print(struct metrics *metrics, struct buf *out);

/* Has the agent's thread been seen lately? And does it sample? */
bool metrics_is_alive(struct metrics *metrics);
bool metrics_is_ready(struct metrics *metrics);

#endif
