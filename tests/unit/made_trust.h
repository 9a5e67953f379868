/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A struct trust with the figures of CLI.md's example. The texts are literals: it is not to be
 * released. */
#ifndef PROFOUND_MADE_TRUST_H
#define PROFOUND_MADE_TRUST_H

#include <string.h>

#include "profile/trust.h"

static inline struct trust made_trust(void)
{
	static char libfoo[] = "libfoo.so";
	static struct trust_unnamed unnamed[] = {{"libbar.so", 40}};
	static struct trust_top top[] = {
		{"python3.11", "calculate_similarity_matrix", 1211},
		{"web", "schedule_[k]", 300},
		{"db", "", 2},
	};
	struct trust trust = {
		.expected = 1980,
		.taken = 1978,
		.idle = 0,
		.complete = 1974,
		.unverified = 0,
		.distinct = 420,
		.complete_and_named = 1900,
		.frames = 40000,
		.named = 39960,
		.by_fp = 120,
		.unnamed = unnamed,
		.n_unnamed = 1,
		.top = top,
		.n_top = 3,
		.cpu_seconds = 0.08,
		.machine_share = 0.004,
		.kernel_ns_per_sample = 1400,
		.max_rss_bytes = 17000000,
		.bpf_memory_bytes = 9000000,
		.drained_bytes = 12345,
		.ready_seconds = 0.05,
		.sampled_seconds = 10,
		.total_seconds = 10.2,
		.event = "cycles",
		.frequency_hz = 99,
		.period = TRUST_NULL,
	};

	trust.counter[COUNTER_not_run] = 2;
	trust.counter[COUNTER_no_unwind_info] = 3;
	trust.cut_file[COUNTER_no_unwind_info] = libfoo;
	trust.counter[COUNTER_stack_paged_out] = 1;
	trust.counter[COUNTER_no_symbol] = 40;
	strcpy(trust.host, "web1");
	strcpy(trust.kernel, "6.1.0-26-amd64");
	return trust;
}

#endif
