/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events in perf's spelling, to what perf_event_open(2) takes. Names, aliases and numbers are those
 * of include/uapi/linux/perf_event.h and tools/perf/util/evsel.c (Linux 6.1); letters are compared
 * without case.
 *
 *   cycles  L1-dcache-load-misses  cpu-clock:u  r1a8  cpu/event=0x3c,umask=0x1/k  cpu/instructions/
 */
#ifndef PROFOUND_EVENT_SPEC_H
#define PROFOUND_EVENT_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cpu_mask.h"
#include "base/fault.h"

#define EVENT_SYSFS "/sys/bus/event_source/devices"

struct event_spec {
	char name[128]; /* as it was asked for */
	uint32_t type;
	uint64_t config, config1, config2;
	bool exclude_user, exclude_kernel, exclude_hv;
	bool clock; /* counts nanoseconds by a timer: -F too makes a fixed period, so `expected` is
		       known */
	bool fell_back; /* this is cpu-clock in place of cycles */
	bool by_cpu;    /* the PMU belongs to some CPUs only */
	struct cpu_mask cpus;
};

/*
 * `sysfs` is where the PMUs' directories are (EVENT_SYSFS). 0; -EINVAL when the text alone is wrong
 * or asks for what is not supported (tracepoints, precise sampling, several events); -ENOENT when
 * this machine knows no such event, term or PMU, with near misses. *spec unchanged on failure.
 */
int event_spec_parse(
	struct event_spec *spec, const char *text, const char *sysfs, struct fault *fault);

/* `cycles`, what is sampled when nothing is asked for. */
void event_spec_default(struct event_spec *spec);

/*
 * After perf_event_open failed with `error` (negative errno): true when the event was cycles and
 * the machine has no PMU for it; *spec is cpu-clock with the same modifiers then, to be tried
 * instead.
 */
bool event_spec_fallback(struct event_spec *spec, int error);

/* Why perf_event_open refused it and what is there instead. Returns `error`, but -ENODEV for
 * -EINVAL, which means wrong usage. */
int event_spec_refused(const struct event_spec *spec, int error, struct fault *fault);

/*
 * Calls `each` with every name that event_spec_parse() knows on this machine, by kind: "hardware",
 * "cache", "software", "PMU". Stops at the first result that is not 0 and returns it.
 */
int event_spec_each(const char *sysfs,
	int (*each)(void *context, const char *kind, const char *name, const char *alias),
	void *context);

#endif
