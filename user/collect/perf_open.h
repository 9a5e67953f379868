/* SPDX-License-Identifier: GPL-2.0-or-later */
/* perf_event_open(2), for which the C library has no wrapper. */
#ifndef PROFOUND_PERF_OPEN_H
#define PROFOUND_PERF_OPEN_H

#include <linux/perf_event.h>

/* The event's descriptor, or a negative errno. */
int perf_open(struct perf_event_attr *attr, int pid, int cpu, int group, unsigned long flags);

#endif
