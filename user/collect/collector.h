/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: samples the machine and fills a profile. One thread drains; it never waits for a file of a target or
 * for the kernel's grace period.
 *
 * An interval: swap the generation, wait for programs in flight (grace, on its own thread), deliver the sideband
 * up to then, refresh the maps of the processes that were sampled, resolve the entries, clear the bank.
 */
#ifndef PROFOUND_COLLECTOR_H
#define PROFOUND_COLLECTOR_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "collect/deferred.h"
#include "collect/selection.h"
#include "profile/profile.h"
#include "profile/trust.h"
#include "object/object.h"
#include "process/process.h"
#include "symbolize/kernel_symbols.h"
#include "unwind/spaces.h"
#include "unwind/tables.h"

struct collector_request {
	const struct selection *selection;
	struct perf_event_attr attr; /* type, config, frequency or period, exclusions */
	uint64_t fixed_period;       /* the event fires once per this much of its count; 0: not known */
	bool clock;                  /* the event counts nanoseconds */
	uint64_t samples_per_second; /* of one CPU, at most; 0: not known */
	uint64_t memory_bytes;       /* for everything that is kept */
	bool follow_command;         /* only processes added with collector_add_member() and descendants */
	bool keep_idle, no_user, no_kernel;
	bool with_tid; /* samples of different threads are not the same: profile_sample.tid */
	bool counts_run_time; /* the kernel counts that of BPF programs for as long as this lasts */
	bool stated; /* processes are asked what they state of themselves (stated.h) */
	deferred_witness *witness; /* for tests, which see every sample walked by both sides; NULL: none */
	void *context;             /* the witness's */
};

struct collector;

/* Loads, opens, attaches; sampling is off. NULL with the fault filled and *error a negative errno. */
struct collector *collector_new(
	const struct collector_request *request, int *error, struct fault *fault);
void collector_free(struct collector *collector);

/* Takes over what another recording knows of interpreters; before it is enabled. */
void collector_inherit(struct collector *collector, const struct collector *from);

int collector_add_member(struct collector *collector, uint32_t tgid, struct fault *fault);
void collector_enable(struct collector *collector);

/* An epoll descriptor, readable when collector_work() has something to do. */
int collector_fd(const struct collector *collector);
/* Does what is due, without blocking. 0 or -ENOMEM. */
int collector_work(struct collector *collector);
/* Called once a second: starts an interval, follows CPUs that came and went. */
int collector_tick(struct collector *collector);

/* Ends sampling and drains all that was collected (blocks for two grace periods). 0 or -ENOMEM, and even then the
 * profile holds what fit. */
int collector_finish(struct collector *collector);

/* Ends a profile and begins the next one: all samples until *at_ns (CLOCK_MONOTONIC) are in *profile, which is the caller's,
 * their figures in *trust, as by collector_trust(). Sampling is off for as long as that moment needs (some microseconds a
 * CPU), not while samples are resolved. 0 or -ENOMEM, and even then the profile holds what fit. */
int collector_cut(struct collector *collector, struct profile *profile, struct trust *trust, uint64_t *at_ns);

/* What was collected; borrowed, good until collector_free(). */
struct profile *collector_profile(struct collector *collector);
const struct objects *collector_objects(const struct collector *collector);
const struct processes *collector_processes(const struct collector *collector);
const struct kernel_symbols *collector_kernel_symbols(const struct collector *collector);

struct collector_progress {
	uint64_t taken;
	uint64_t lost; /* by us */
	unsigned cpus; /* sampled now */
	uint32_t stacks_per_bank;
};

struct collector_progress collector_progress(const struct collector *collector);

struct tables_figures collector_tables(const struct collector *collector);
struct spaces_figures collector_spaces(const struct collector *collector);

/* Memory of the BPF maps, in bytes; 0: the kernel does not tell. */
uint64_t collector_bpf_bytes(struct collector *collector);

/* Fills the figures that the collector knows: samples, counters, by_fp, cost in the kernel (its run time is added
 * to cpu_seconds), drained bytes. After collector_finish(). */
void collector_trust(struct collector *collector, struct trust *trust);

#endif
