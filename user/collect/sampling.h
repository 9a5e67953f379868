/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What to sample and how often, as this machine can do it: the event asked for or the one that has to do instead,
 * the rate or a lower one that the kernel allows.
 */
#ifndef PROFOUND_SAMPLING_H
#define PROFOUND_SAMPLING_H

#include <linux/perf_event.h>
#include <stdint.h>

#include "base/fault.h"
#include "collect/event_spec.h"

struct sampling_request {
	const char *event;     /* NULL: the default */
	uint32_t frequency_hz; /* 0: by count */
	uint64_t count;
};

struct sampling {
	struct event_spec event;
	struct perf_event_attr attr;
	uint32_t frequency_hz;       /* in use; 0: by count */
	uint32_t frequency_asked_hz; /* differs when the kernel allows less */
	uint64_t count;              /* 0: by frequency */
	uint64_t fixed_period;       /* the event fires once per this much of its count; 0: not known */
	uint64_t clock_period_ns;    /* of a clock: what one sample stands for; 0: it is none */
	uint64_t samples_per_second; /* of one CPU; 0: not known */
};

/* Opens the event once to see that it works. 0 or a negative errno with the fault filled (-EINVAL: the text alone
 * is wrong). */
int sampling_choose(
	struct sampling *sampling, const struct sampling_request *request, struct fault *fault);

#endif
