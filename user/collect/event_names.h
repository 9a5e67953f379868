/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The events that every kernel has a name for: hardware, software and the matrix of cache events.
 */
#ifndef PROFOUND_EVENT_NAMES_H
#define PROFOUND_EVENT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_name {
	const char *name, *alias; /* alias may be NULL */
	uint32_t type;
	uint64_t config;
	bool no_samples; /* never overflows: cannot be sampled */
};

extern const struct event_name event_names[];
extern const unsigned n_event_names;

/* NULL: none. */
const struct event_name *event_names_find(const char *name);

/* "L1-dcache-load-misses" and its aliases. 0 with *config; -ENOENT, also for what no cache does (a
 * branch store). */
int event_names_cache(const char *name, uint64_t *config);

/* The canonical name of cache event `index` (0, 1, …) into `text`; false past the last. */
bool event_names_cache_at(unsigned index, char *text, size_t size);

#endif
