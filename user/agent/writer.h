/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interval that is being written: who writes it (scribe.h), and what is tried when that fails. One at a time. A child
 * that dies or does not end is followed by one that asks no file for names; where the disk is full, the oldest request in the
 * spool makes room. What fails WRITER_TRIES times is lost, and counted.
 */
#ifndef PROFOUND_WRITER_H
#define PROFOUND_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/metrics.h"
#include "agent/outlet.h"
#include "agent/scribe.h"
#include "base/event_loop.h"

#define WRITER_TRIES 8

struct writer {
	struct event_loop *loop; /* borrowed, as the next three */
	struct outlet *outlet;
	struct metrics *metrics;
	uint64_t store_bytes;
	uint64_t store_age_ns; /* 0: none is too old */
	uint64_t most_ns; /* of one child */
	/* When there is room for another interval again. */
	void (*freed)(void *context);
	void *context;
	struct recorder *recorder; /* owned; NULL: none */
	int close_fd; /* that the child has no use for; -1: none */
	uint64_t spool_ns; /* spool_next() */
	struct scribe scribe;
	struct event_source source;
	unsigned tries;
	bool unnamed;
	bool stored; /* it is in the store by now */
	double cpu_seconds; /* of all children */
};

static inline bool writer_is_busy(const struct writer *writer)
{
	return writer->recorder != NULL;
}

/* Takes it, heap-allocated; it must not be busy. until_ns as in recorder_complete(). */
void writer_take(struct writer *writer, struct recorder *recorder, uint64_t until_ns);
/* Once a second: starts what could not be started, ends what does not end. */
void writer_look(struct writer *writer);
/* Memory is short: a child that takes long is followed by one that asks no file. */
void writer_hurry(struct writer *writer);
/* The agent ends: waits until it is written or lost, or the time is up (CLOCK_MONOTONIC). Then the child finishes what outlives the
 * agent, a store or a spool with a directory of its own; without those the interval is lost. */
void writer_finish(struct writer *writer, uint64_t until_ns);

#endif
