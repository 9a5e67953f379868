/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sends what is in a spool, the oldest first, on a thread of its own. What the receiver takes, or refuses for good, leaves
 * the spool; as long as it is away or asks to wait, it is tried again: with waits that are random up to a bound that
 * doubles to 30 s (as retry.h), or as long as it asks. There is no end to that: what ends it is the spool's limit.
 */
#ifndef PROFOUND_FORWARDER_H
#define PROFOUND_FORWARDER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/spool.h"
#include "base/fault.h"
#include "send/endpoint.h"

struct forwarder_figures {
	uint64_t sent, sent_bytes; /* requests that were accepted */
	uint64_t failed;           /* tries that were not, and will be made again */
	uint64_t refused;          /* requests that the receiver does not want */
	uint64_t rejected;         /* profiles, of accepted requests (partial success) */
	uint64_t unreadable;       /* files of the spool that are no requests */
	uint64_t answered_unix_ns; /* when a request was last accepted; 0: never */
};

struct forwarder {
	const struct spool *spool;       /* borrowed */
	const struct endpoint *endpoint; /* borrowed */
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t more;
	struct forwarder_figures figures;
	uint64_t until_ns; /* it ends when nothing is left or at this time (CLOCK_MONOTONIC); 0: it goes on */
	bool woken, ended, running;
};

/* 0 or a negative errno with the fault filled. */
int forwarder_start(struct forwarder *forwarder, const struct spool *spool, const struct endpoint *endpoint,
	struct fault *fault);
/* There is something new in the spool. */
void forwarder_wake(struct forwarder *forwarder);
struct forwarder_figures forwarder_figures(struct forwarder *forwarder);
/* Sends what can be sent until then, and ends. */
void forwarder_stop(struct forwarder *forwarder, uint64_t until_ns);

#endif
