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

#endif
