/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of a PMU that the kernel describes in sysfs: `PMU/term,term=value/`. A term is one of the
 * PMU's format/ files (whose text says which bits of config, config1 or config2 it fills), one of
 * its events/ files (a list of terms), or config, config1, config2 themselves.
 * Documentation/ABI/testing/sysfs-bus-event_source-devices-*.
 */
#ifndef PROFOUND_EVENT_PMU_H
#define PROFOUND_EVENT_PMU_H

#include "collect/event_spec.h"

/*
 * Fills type, config*, by_cpu and cpus of *spec. 0; -EINVAL for a value that does not fit its term;
 * -ENOENT for an unknown PMU or term, with near misses.
 */
int event_pmu_parse(struct event_spec *spec, const char *sysfs, const char *pmu, const char *terms,
	struct fault *fault);

/* Calls `each` with "PMU/event/" for every named event; stops at a result that is not 0 and returns
 * it. */
int event_pmu_each(const char *sysfs, int (*each)(void *context, const char *name), void *context);

#endif
