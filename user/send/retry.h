/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether and when a request is tried again (OTLP 1.10, "Failures" and "Throttling" of gRPC and HTTP): after what no
 * answer came to, HTTP 429, 502, 503, 504 and gRPC's CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE,
 * DATA_LOSS; after RESOURCE_EXHAUSTED only with RetryInfo. The wait is random from nothing to a bound that doubles
 * ("full jitter"), so that a fleet does not come back all at once; what the server asked for is waited in any case.
 * There is an end: a command that somebody waits for gives up.
 */
#ifndef PROFOUND_RETRY_H
#define PROFOUND_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "send/otlp_answer.h"

#define RETRY_FIRST_NS NS_PER_SECOND /* bound of the first wait */
#define RETRY_MOST_NS (16 * NS_PER_SECOND)
#define RETRY_TIMEOUTS 6                        /* of a request until its end: 60 s with the usual timeout */
#define RETRY_WHOLE_NS (60 * NS_PER_SECOND)     /* until the end where a request has no timeout */

struct retry { /* of one request */
	uint64_t until_ns; /* CLOCK_MONOTONIC: no try begins after that */
	uint64_t bound_ns;
};

/* How long a request is tried at most. timeout_ms: of one try; 0: none. */
uint64_t retry_whole_ns(uint64_t timeout_ms);

struct retry retry_begin(uint64_t now_ns, uint64_t timeout_ms);

bool retry_is_worth(const struct otlp_answer *answer);

/* After an answer that is worth it: false when the end would be passed; else *wait_ns. `random`: all 64 bits. */
bool retry_next(struct retry *retry, const struct otlp_answer *answer, uint64_t now_ns, uint64_t random,
	uint64_t *wait_ns);

#endif
