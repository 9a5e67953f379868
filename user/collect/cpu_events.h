/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sampling events: one on each CPU, with the sampling program attached. Follows CPUs that come and go.
 */
#ifndef PROFOUND_CPU_EVENTS_H
#define PROFOUND_CPU_EVENTS_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cpu_mask.h"
#include "base/fault.h"
#include "collect/sideband.h"

struct cpu_events;

/*
 * `attr` says what to count (type, config, frequency or period, exclusions); the rest is set here. `cpus`: the
 * only ones to sample, NULL: all. `sideband` (borrowed) takes the events' own records (throttling) and follows the
 * same CPUs, all of them.
 */
struct cpu_events *cpu_events_new(const struct perf_event_attr *attr, int program_fd,
	const struct cpu_mask *cpus, struct sideband *sideband);
void cpu_events_free(struct cpu_events *events);

/* Opens and attaches on every CPU that is online and has none yet; enables at once when enabled before. A CPU that
 * went is no error, its count is kept. 0 or a negative errno with the fault filled. */
int cpu_events_follow(struct cpu_events *events, struct fault *fault);

/*
 * Once a second for a CPU whose program did not run meanwhile: an event that a short trip offline and back has
 * killed is opened anew. It is dead when the time that it was enabled stands still.
 */
void cpu_events_revive(struct cpu_events *events, unsigned cpu);

void cpu_events_enable(struct cpu_events *events);
void cpu_events_disable(struct cpu_events *events);

/*
 * How often the events should have fired: sum over events of count / period. For a clock the time that the event
 * was enabled stands in for its count, which since bc4394e5e79c ("perf: Fix the throttle error of some clock
 * events") misses the time that it was throttled, and until f1f96511b1c4 can be 0.
 */
uint64_t cpu_events_expected(const struct cpu_events *events, uint64_t period, bool clock);

/* A THROTTLE record, or the UNTHROTTLE that ends it. */
void cpu_events_throttle(
	struct cpu_events *events, uint64_t event_id, uint64_t time_ns, bool goes_on);

/* For how long events were throttled, all in; after cpu_events_disable(). */
uint64_t cpu_events_throttled_ns(struct cpu_events *events);

/* Is, or was, this CPU sampled? */
bool cpu_events_cover(const struct cpu_events *events, unsigned cpu);

/* CPUs that are sampled now. */
unsigned cpu_events_count(const struct cpu_events *events);

#endif
