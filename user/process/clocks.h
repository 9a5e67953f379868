/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the kernel's clocks relate. perf records and BPF carry CLOCK_MONOTONIC and the start of a process
 * CLOCK_BOOTTIME of the initial time namespace; /proc/PID/stat and clock_gettime(2) show them with the offsets of
 * the reader's time namespace (time_namespaces(7)).
 */
#ifndef PROFOUND_CLOCKS_H
#define PROFOUND_CLOCKS_H

#include <stdbool.h>
#include <stdint.h>

struct clocks {
	int64_t suspended_ns;     /* boottime - monotonic, of the initial namespace */
	int64_t own_monotonic_ns; /* what our time namespace adds */
	int64_t own_boottime_ns;
	int64_t tick_ns; /* unit of /proc/PID/stat's times */
};

void clocks_init(struct clocks *clocks);

/* CLOCK_MONOTONIC as the kernel's records show it. */
uint64_t clocks_now(const struct clocks *clocks);

/* A process's start as a record would show it. 0 for one that started before. */
uint64_t clocks_monotonic(const struct clocks *clocks, uint64_t boottime_ns);

/* Is `ticks` (field 22 of /proc/PID/stat) the start `boottime_ns`? */
bool clocks_same_start(const struct clocks *clocks, uint64_t boottime_ns, uint64_t ticks);

#endif
