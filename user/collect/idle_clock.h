/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long each CPU has been idle, by the kernel's own account (/proc/stat, idle and iowait; proc(5)). A clock that
 * fires often is throttled on an idle CPU, which has no tick to forgive it, and some virtual machines deliver no
 * timer to an idle CPU at all: what did not run there is idle time, not lost.
 */
#ifndef PROFOUND_IDLE_CLOCK_H
#define PROFOUND_IDLE_CLOCK_H

#include <stdint.h>

#include "collect/cpu_events.h"

#define IDLE_CLOCK_UNKNOWN UINT64_MAX

struct idle_clock {
	unsigned cpus;
	uint64_t *from_ns, *to_ns; /* by CPU */
};

/* Fills idle_ns[0..cpus) with each CPU's idle time since boot, IDLE_CLOCK_UNKNOWN where it is not told. */
void idle_clock_read(uint64_t *idle_ns, unsigned cpus);

/* 0 or -ENOMEM. */
int idle_clock_init(struct idle_clock *clock, unsigned cpus);
void idle_clock_release(struct idle_clock *clock);

/* The time in between is what counts. */
void idle_clock_begin(struct idle_clock *clock);
void idle_clock_end(struct idle_clock *clock);

/* How long the CPUs that the events cover were idle, as far as it is told. */
uint64_t idle_clock_covered(const struct idle_clock *clock, const struct cpu_events *events);

#endif
