/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the wall clock can be believed: somebody may set it (ntpd at boot, an operator by mistake), and an age that it tells
 * is no reason to delete anything then. Compared with CLOCK_BOOTTIME, which nobody sets and which goes on in a suspended
 * machine.
 */
#ifndef PROFOUND_WALL_CLOCK_H
#define PROFOUND_WALL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct wall_clock {
	int64_t offset_ns; /* wall clock - CLOCK_BOOTTIME, as of the last look */
	uint64_t set_ns;   /* when it was set last (CLOCK_BOOTTIME); 0: not since the first look */
	bool offset_seen;
	int64_t suspended_ns; /* CLOCK_BOOTTIME - CLOCK_MONOTONIC, as of the last look */
	bool suspended_seen;
};

/* By how much it was set since the last look; 0: less than what clocks drift and adjust. */
int64_t wall_clock_look(struct wall_clock *clock);

/* Was the machine suspended since the last look? Times of processes are CLOCK_BOOTTIME's, those of samples CLOCK_MONOTONIC's, and a
 * recording takes the difference once (process/clocks.h). */
bool wall_clock_was_suspended(struct wall_clock *clock);

/* It was not set for an hour, or not since the first look. */
bool wall_clock_is_steady(const struct wall_clock *clock);

#endif
