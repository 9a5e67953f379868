/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where every sample that the events owed us went: expected = taken + idle + sum of lost. The programs tell what
 * they ran; what they did not run is idle time as far as the kernel says that the CPUs were idle, throttled as far
 * as it says that it stopped an event, and `not_run` beyond that. With a selection, what did not run belongs to it
 * in the proportion in which the runs did, and idle time is nobody's.
 */
#ifndef PROFOUND_ACCOUNT_H
#define PROFOUND_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/trust.h"

struct account {
	uint64_t period; /* the event fires once per this much of its count; 0: not known, `due` neither */
	bool clock;      /* the period is nanoseconds */
	bool selective;
	bool keep_idle;  /* idle runs are samples as others are */
	bool throttled;  /* at least once, even if nobody knows for how long */
	uint64_t due;    /* how often the events should have fired */
	uint64_t runs, idle, passed; /* COUNTER_... of the programs */
	uint64_t idle_ns, throttled_ns;
};

/* Fills expected, idle, and the counters not_run and throttled. */
void account_samples(const struct account *account, struct trust *trust);

#endif
