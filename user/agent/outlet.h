/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where an agent's profiles go: a spool and who sends what is in it, a store, or both. Without a directory for the spool it is
 * one in memory (below /run), which goes with the agent.
 */
#ifndef PROFOUND_OUTLET_H
#define PROFOUND_OUTLET_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/forwarder.h"
#include "agent/spool.h"
#include "base/fault.h"
#include "send/endpoint.h"

#define OUTLET_TEMPORARY 128

struct outlet {
	bool sends;
	struct spool spool;
	struct endpoint endpoint;
	struct forwarder forwarder;
	char temporary[OUTLET_TEMPORARY]; /* directory; "": it is somebody's */
	const char *store; /* borrowed; NULL: none */
};

#define OUTLET_NONE ((struct outlet){.spool = SPOOL_NONE})

struct outlet_options {
	const char *endpoint, *spool, *store; /* as in struct agent_options */
	uint64_t spool_bytes;
};

/* Everything that can be refused is refused here: the store is opened once. 0, or a negative errno with the fault filled. */
int outlet_open(struct outlet *outlet, const struct outlet_options *options, struct fault *fault);
/* Begins to send. */
int outlet_start(struct outlet *outlet, struct fault *fault);
/* Sends what can be sent until then (CLOCK_MONOTONIC), and tells of what is left. */
void outlet_close(struct outlet *outlet, uint64_t until_ns);

#endif
