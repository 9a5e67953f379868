/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples all the time, an interval after the other (sampler.h). A child (scribe.h) names and writes each; a thread
 * (forwarder.h) sends what it wrote.
 *
 * An interval whose child died is written again without names from files; one that the disk has no room for, when the
 * oldest in the spool has gone. It is only lost if that fails, too, and then it is counted.
 */
#ifndef PROFOUND_AGENT_H
#define PROFOUND_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "recorder/recorder.h"

struct agent_options {
	struct recorder_options recorder; /* memory_bytes: of one recording */
	uint64_t interval_ns;
	uint64_t memory_bytes;  /* of everything */
	double max_cpu;         /* percent of the machine; 0: no limit */
	const char *endpoint;   /* as -o has it; NULL: nothing is sent */
	const char *spool;      /* directory; NULL: one that does not outlive us */
	uint64_t spool_bytes;
	const char *store;      /* directory; NULL: none */
	uint64_t store_bytes, store_age_ns;
	const char *listen;     /* NULL: nobody */
	bool must_listen;       /* it was asked for: else an address in use is no reason not to start */
};

/* Until SIGTERM or SIGINT. 0, or a negative errno with the fault filled. */
int agent_run(const struct agent_options *options, struct fault *fault);

#endif
