/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names an interval's profile and writes it to the spool and the store, in a child: sampling goes on meanwhile, what naming
 * takes is given back, and what kills it costs no more than names. The child reports on a pipe; it finishes its work when
 * the agent is killed.
 */
#ifndef PROFOUND_SCRIBE_H
#define PROFOUND_SCRIBE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/spool.h"
#include "base/fault.h"
#include "recorder/recorder.h"

struct scribe_task {
	struct recorder *recorder;  /* recorder_account() was called */
	const struct spool *spool;  /* NULL: nothing is sent */
	uint64_t spool_ns;          /* spool_next() */
	const char *store;          /* directory; NULL: there is none */
	uint64_t store_bytes;
	uint64_t store_age_ns;      /* 0: none is too old */
	int close_fd;               /* the child closes it; -1: none */
	uint64_t until_ns;          /* as in recorder_complete() */
};

struct scribe_report {
	int err; /* of naming and describing: nothing was written; or of the child itself */
	int spool_err, store_err;
	char text[sizeof(((struct fault *)0)->text)]; /* why, of the last of them */
	uint64_t requests, bytes; /* put into the spool */
	uint64_t store_gone;      /* rows that were deleted */
	int64_t expected, taken, idle, lost, complete, unverified, frames, named;
	int64_t counter[COUNTERS];
	int64_t max_rss_bytes;
	double cpu_seconds; /* of the child */
};

struct scribe {
	pid_t pid; /* 0: none */
	int fd;    /* readable: scribe_finish(); -1: none */
	uint64_t began_ns;
};

#define SCRIBE_NONE ((struct scribe){0, -1, 0})

/* 0, or a negative errno with the fault filled. */
int scribe_start(struct scribe *scribe, const struct scribe_task *task, struct fault *fault);
/* True: there is a report, or it died; false: not until until_ns. */
bool scribe_await(const struct scribe *scribe, uint64_t until_ns);
/* Leaves it to its work: nobody hears its report. */
void scribe_leave(struct scribe *scribe);
/* Waits for its report, until_ns at most (CLOCK_MONOTONIC; then it is killed). */
void scribe_finish(struct scribe *scribe, uint64_t until_ns, struct scribe_report *report);

#endif
