/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a collector is made of: for collector.c, which runs it, and collector_trust.c, which says what came of it. */
#ifndef PROFOUND_COLLECTOR_STATE_H
#define PROFOUND_COLLECTOR_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/collector.h"
#include "collect/cpu_events.h"
#include "collect/deferred_ring.h"
#include "collect/grace.h"
#include "collect/idle_clock.h"
#include "collect/interval.h"
#include "collect/programs.h"
#include "collect/resolve.h"
#include "collect/runtimes.h"
#include "collect/sideband.h"
#include "collect/unwinding.h"

/* What only grows: a profile's figures are the difference between its end and its beginning. */
struct collector_sums {
	uint64_t counter[COUNTERS];
	uint64_t due, idle_ns, throttled_ns, by_fp, drained_bytes;
	uint64_t parser_ns; /* CPU of the child that builds tables */
	int64_t run_ns; /* INT64_MIN: not known */
};

struct collector {
	struct collector_request request;
	struct programs programs;
	struct sideband *sideband;
	struct cpu_events *events;
	struct grace *grace;
	struct ring_buffer *notices;
	struct deferred_ring deferred_ring;
	struct unwinding unwinding;
	struct runtimes runtimes;
	struct objects *objects;
	struct processes *processes;
	struct cgroups *cgroups;
	struct kernel_symbols *kernel_symbols;
	struct profile profile;
	struct resolver resolver;
	struct interval interval;
	uint64_t counters[COUNTERS]; /* those that userspace counts */
	struct collector_sums begun; /* when the profile began */
	uint64_t drained_bytes;
	int64_t maps_bytes; /* of BPF maps and programs, once it was asked for; 0: not yet */
	struct idle_clock idle_clock;
	uint64_t *runs; /* by CPU: at the last tick */
	int epoll_fd;
	bool behind;      /* samples wait that were handed over: of processes that are gone, perhaps */
	bool throttled;   /* the kernel stopped an event for a while */
	bool in_grace;    /* a generation was swapped and is not read yet */
	bool drain_again; /* a bank filled up meanwhile */
	uint32_t written; /* the generation to read */
	uint64_t swapped_ns; /* just before the last swap */
};

/* Of the kernel's side: while sampling is off. */
void collector_sum_kernel(struct collector *collector, struct collector_sums *sums);
/* Adds what userspace counts: when all is drained that was sampled. */
void collector_sum_user(const struct collector *collector, struct collector_sums *sums);
/* Fills the figures of a profile that began with collector.begun. */
void collector_figures(struct collector *collector, const struct collector_sums *ended, struct trust *trust);

#endif
