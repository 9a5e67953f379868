/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples all the time, one interval after the other without a gap. As a rule the recording goes on and its part is cut off, so
 * that what is known of files and processes stays known. It is renewed when that has grown, when memory is short, or when
 * the rate changes: then the next recording samples before the last one ends.
 */
#ifndef PROFOUND_SAMPLER_H
#define PROFOUND_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "recorder/recorder.h"

struct sampler {
	struct recorder_options options;      /* as asked, but for a rate that may be lower */
	struct recorder base;                 /* what was checked once */
	struct recorder *now;                 /* that samples; owned; NULL: nothing does */
	double bpf_seconds;                   /* run time of the BPF programs in intervals that are over */
	bool rate_changed;                    /* the next interval samples at another one */
	unsigned kept;                        /* intervals since `now` was opened */
	uint32_t first_files, first_processes; /* that it knew after the first of them */
};

/* Asks the machine whether it can be done. 0, or a negative errno with the fault filled. */
int sampler_check(struct sampler *sampler, const struct recorder_options *asked,
	const struct privileges *privileges, struct fault *fault);

/* Begins the first interval. 0, or a negative errno with the fault filled. */
int sampler_start(struct sampler *sampler, struct fault *fault);

/* From the next interval on. */
void sampler_set_rate(struct sampler *sampler, uint32_t hertz);

/* Ends an interval and begins the next one; `anew`: nothing that is known outlives it, if there is room for another recording. What was sampled, which is the
 * caller's, refers to the recording that it is part of, and is to be released before the next call. NULL: the interval goes on, with
 * the fault filled. */
struct recorder *sampler_cut(struct sampler *sampler, bool anew, struct fault *fault);

/* Ends the last one. */
struct recorder *sampler_end(struct sampler *sampler);

void sampler_release(struct sampler *sampler);

#endif
