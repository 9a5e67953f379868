/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ring through which the kernel side hands samples over. A thread of its own moves what wakes it into a queue, so
 * that the ring has room while tables are built. The queue is read in batches: what a batch teaches is published before
 * the next one is read, or on a busy machine there might be no end to them.
 */
#ifndef PROFOUND_DEFERRED_RING_H
#define PROFOUND_DEFERRED_RING_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "collect/deferred.h"
#include "collect/programs.h"

struct ring_buffer;
struct queued;

struct deferred_ring {
	struct ring_buffer *ring;
	struct programs *programs; /* borrowed */
	struct deferred deferred;
	struct deferred_frames frames;
	/* Takes in what samples of this batch may refer to: called after a batch is queued and before it is added. */
	void (*prepare)(void *context);
	/* Has the maps of the entry's process read, if it can be, before the entry is added. */
	void (*refresh)(void *context, const struct abi_entry *entry);
	void *context;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows, and of reading the ring */
	struct queued *first, **last;
	uint32_t queued;
	uint64_t queued_bytes, most_bytes;
	uint64_t bytes; /* read so far */
	int epoll_fd, more_fd, stop_fd; /* more_fd: there is more than was read */
	uint32_t wakeup; /* bytes that wake the thread */
	bool running;
	bool whole; /* all of the ring is queued, whatever the limit */
};

/* Before init, so that release can be called whatever happens. */
#define DEFERRED_RING_NONE ((struct deferred_ring){.epoll_fd = -1, .more_fd = -1, .stop_fd = -1})

/* `ring` is DEFERRED_RING_NONE. 0 or a negative errno; released in any case. */
int deferred_ring_init(struct deferred_ring *ring, struct programs *programs, const struct deferred *deferred,
	void (*refresh)(void *context, const struct abi_entry *entry), void (*prepare)(void *context),
	void *context);
void deferred_ring_release(struct deferred_ring *ring);

/* Readable when there is something to read; what does not wake the thread waits for the interval's end. */
int deferred_ring_fd(const struct deferred_ring *ring);

/* Adds a batch to the profile, and publishes what it taught. True: there is more. */
bool deferred_ring_read(struct deferred_ring *ring);

/* While no program runs: queues all that was handed over. Their number, for deferred_ring_read_cut(), which adds them. */
uint32_t deferred_ring_cut(struct deferred_ring *ring);
void deferred_ring_read_cut(struct deferred_ring *ring, uint32_t count);

#endif
