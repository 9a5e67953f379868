/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One recording, from what was asked for to a profile that is named, described and has its figures: the engine of
 * `record` and of `agent`, who differ in how long they sample and where the profile goes.
 *
 * In this order: recorder_check(), recorder_open(), then sampling by the collector (collector_enable(),
 * collector_finish(), or recording.h), recorder_account(), recorder_complete(), recorder_release(). What follows
 * recorder_account() needs no other thread of this process: a forked child may do it.
 */
#ifndef PROFOUND_RECORDER_H
#define PROFOUND_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "collect/collector.h"
#include "collect/sampling.h"
#include "collect/selection.h"
#include "profile/resource.h"
#include "profile/trust.h"
#include "recorder/privileges.h"

struct recorder_options {
	struct sampling_request sampling;
	struct selection_request selection;
	uint32_t asked_hz;   /* what sampling.frequency_hz would be if --max-cpu had not lowered it; 0: it is that */
	bool follow_command; /* only processes added with collector_add_member() and descendants */
	bool idle, tids, pids, no_user, no_kernel, ignore_kernel_bugs;
	bool no_demangle, no_inline, debuginfod;
	bool with_resources; /* an output carries them */
	const struct privileges *privileges; /* what was taken of them; must outlive the recording */
	uint64_t memory_bytes;
};

struct recorder {
	const struct recorder_options *options; /* borrowed */
	struct selection selection;
	struct sampling sampling;
	struct collector *collector;
	struct trust trust;
	struct resource_options resources;
	uint64_t began_ns;   /* CLOCK_MONOTONIC: from here on time is ours */
	uint64_t enabled_ns; /* when the last event was on */
	uint64_t sampled_ns; /* how long they were on */
	double spent_seconds; /* of CPU, by this process before it began */
	bool again;           /* resources are another's */
	bool part;            /* the collector is another's, the profile is `cut` */
	struct profile cut;
};

/* Asks the machine whether it can be done, before sampling starts and before a file exists. 0, or a negative errno with the
 * fault filled. */
int recorder_check(struct recorder *recorder, const struct recorder_options *options, struct fault *fault);

/* Reads what is known of this host; -EINVAL: OTEL_RESOURCE_ATTRIBUTES is no list of attributes, and is ignored. */
int recorder_read_host(struct recorder *recorder);

/* Loads everything; sampling is off. 0, or a negative errno with the fault filled. */
int recorder_open(struct recorder *recorder, struct fault *fault);

/* Ends a part of it while it goes on: *part has what was sampled so far, and recorder_account() behind it. It refers to what
 * `recorder` has, which must outlive it. 0 or -ENOMEM: *part has what fit. */
int recorder_cut(struct recorder *recorder, struct recorder *part);

/* What was sampled. */
struct profile *recorder_profile(struct recorder *recorder);

/* When sampling has ended: what the collector knows of it. */
void recorder_account(struct recorder *recorder);

/* When recorder.enabled_ns and sampled_ns are set: names, describes, derives the other figures. No file is asked for names
 * after until_ns (CLOCK_MONOTONIC; 0: whenever). 0, or a negative errno with the fault filled. */
int recorder_complete(struct recorder *recorder, uint64_t until_ns, struct fault *fault);

/* Another recording of the same kind, to be opened: what was checked and what is known of the host is `recorder`'s, which
 * must outlive it. */
struct recorder recorder_again(const struct recorder *recorder);

void recorder_release(struct recorder *recorder);

#endif
