/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time during which `record` samples: from the moment when the events are enabled to the end of the duration,
 * of the command, or a signal. Signals that end it must be blocked before (recording_block_signals()), so that
 * every thread made later has them blocked too.
 */
#ifndef PROFOUND_RECORDING_H
#define PROFOUND_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "collect/collector.h"
#include "collect/launch.h"

struct recording {
	struct collector *collector; /* borrowed */
	struct launch *launch;       /* borrowed; NULL: no command */
	uint64_t duration_ns;        /* 0: until a signal or the command's end */
	/* Called about once a second; NULL: never. */
	void (*progress)(void *context, uint64_t elapsed_ns);
	void *context;
	/* results */
	uint64_t enabled_ns; /* when the last event was on, CLOCK_MONOTONIC */
	uint64_t sampled_ns; /* how long they were on */
	bool interrupted;    /* a SIGINT ended it */
};

void recording_block_signals(void);
void recording_unblock_signals(void);
/* A signalfd(2) of them. */
int recording_open_signals(void);

/* Samples and drains, then ends sampling. 0 or a negative errno with the fault filled; what was collected until
 * then is in the collector. */
int recording_run(struct recording *recording, struct fault *fault);

#endif
