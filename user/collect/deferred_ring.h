/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ring through which the kernel side hands samples over, read in batches: what a batch teaches is published before
 * the next one is read, or on a busy machine there might be no end to them.
 */
#ifndef PROFOUND_DEFERRED_RING_H
#define PROFOUND_DEFERRED_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/deferred.h"
#include "collect/programs.h"

struct ring_buffer;

struct deferred_ring {
	struct ring_buffer *ring;
	struct programs *programs; /* borrowed */
	struct deferred deferred;
	/* Has the maps of the entry's process read, if it can be, before the entry is added. */
	void (*refresh)(void *context, const struct abi_entry *entry);
	void *context;
	int more_fd;     /* eventfd: there is more than was read */
	uint32_t batch;  /* records read in this one */
	uint32_t wakeup; /* bytes that wake us */
	uint64_t bytes;  /* read so far */
};

/* 0 or a negative errno; released in any case, which a zeroed one with more_fd -1 can be, too. */
int deferred_ring_init(struct deferred_ring *ring, struct programs *programs, const struct deferred *deferred,
	void (*refresh)(void *context, const struct abi_entry *entry), void *context);
void deferred_ring_release(struct deferred_ring *ring);

/* Readable, by edges, when so much waits that it should be read; what does not wake us waits for the interval's end. */
int deferred_ring_fd(const struct deferred_ring *ring);
/* Readable when the last batch was not all. */
int deferred_ring_more_fd(const struct deferred_ring *ring);

/* Adds a batch to the profile, and publishes what it taught. True: there is more. */
bool deferred_ring_read(struct deferred_ring *ring);

#endif
