/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far a profile can be trusted, and what it cost: every figure of the summary and of --stats, derived from
 * counters. A figure that could not be derived is TRUST_NULL, never 0. Shares are weighted by samples.
 */
#ifndef PROFOUND_TRUST_H
#define PROFOUND_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "profile/profile.h"

#define TRUST_NULL INT64_MIN
#define TRUST_NULL_SECONDS (-1.0)
#define TRUST_TOP 5

struct trust_unnamed { /* frames of one file without a name */
	char *file;        /* basename, "[kernel]", "[anon]", ... */
	uint64_t frames;   /* weighted by samples */
};

struct trust_top { /* samples whose innermost function it is */
	char *comm;
	char *function;
	uint64_t samples;
};

struct trust {
	/* samples: expected = taken + idle + sum of lost, always, where expected is not null */
	int64_t expected, taken, idle;
	int64_t counter[COUNTERS]; /* by enum abi_counter, classes LOST, CUT, FRAME and NOTE */
	/* stacks, in samples: complete + unverified + sum of cut = taken */
	int64_t complete, unverified, distinct;
	char *cut_file[COUNTERS]; /* by cause: the file that most of these stacks ended in; NULL: none */
	int64_t complete_and_named; /* for --min-quality */
	/* frames, weighted by samples */
	int64_t frames, named, by_fp;
	struct trust_unnamed *unnamed; /* most first */
	uint32_t n_unnamed;
	struct trust_top *top; /* by self time, most first, at most TRUST_TOP */
	uint32_t n_top;
	/* cost */
	double cpu_seconds, machine_share; /* share of all CPUs over total_seconds, 0..1 */
	int64_t kernel_ns_per_sample, max_rss_bytes, bpf_memory_bytes, drained_bytes;
	double ready_seconds, sampled_seconds, total_seconds;
	/* what was asked for and what was done */
	const char *event;       /* the event that ran, in perf's spelling */
	char *event_owned;       /* the same, where it was read from a file; else NULL */
	const char *event_asked; /* NULL unless another one had to do */
	int64_t frequency_hz;    /* null with a fixed period */
	int64_t period;          /* null with a frequency */
	char kernel[128];
	char host[65];
	int64_t start_unix_ns; /* wall clock at the start of sampling */
};

void trust_release(struct trust *trust);

/*
 * Derives from a symbolized profile what is about stacks and names: complete, unverified, the counters of the
 * classes CUT and FRAME, cut_file, distinct, complete_and_named, frames, named, unnamed, top. What was there of them before
 * is replaced. A sample is one of cut, unverified, complete, in this order. `file_of` gives the file name people
 * see of a frame without a name; its text is copied. 0; or -ENOMEM, and then nothing was changed.
 *
 * The top has for each sample its innermost function; where an interpreter ran, the innermost of its language. One that is of the kernel ends in "_[k]"; it is "" where a sample has no frame at all.
 */
int trust_count_frames(struct trust *trust, const struct profile *profile,
	const char *(*file_of)(void *context, const struct frame *frame), void *context);

/* The counters' stable names and classes. */
enum counter_class { CLASS_RUN, CLASS_LOST, CLASS_CUT, CLASS_FRAME, CLASS_NOTE };

struct counter_spec {
	enum counter_class class;
	const char *name;
	const char *help;
};

extern const struct counter_spec counter_specs[COUNTERS];

#endif
