/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ring buffer of one perf event, read as include/uapi/linux/perf_event.h says (struct perf_event_mmap_page):
 * data_head is loaded with acquire, data_tail stored with release once the records were copied.
 */
#ifndef PROFOUND_PERF_RING_H
#define PROFOUND_PERF_RING_H

#include <linux/perf_event.h>
#include <stddef.h>
#include <stdint.h>

#define PERF_RING_RECORD_MAX 65536 /* perf_event_header.size is 16 bits wide */

struct perf_ring {
	struct perf_event_mmap_page *control; /* NULL: not mapped */
	size_t map_len;
	const unsigned char *data;
	uint64_t size; /* bytes of data, a power of two */
	unsigned char *scratch; /* a record that wraps is put together here */
};

/* The greatest ring that an unprivileged user may lock on one CPU: perf_event_mlock_kb less the control page,
 * rounded down to a power of two pages, at most 256 KiB, at least a page. Bytes. */
size_t perf_ring_size(void);

/* Maps a ring of `size` bytes of `fd`, or a smaller one where memory may not be locked. 0 or a negative errno. */
int perf_ring_init(struct perf_ring *ring, int fd, size_t size);
void perf_ring_release(struct perf_ring *ring);

/*
 * Hands every record to `take`, and frees its space whatever `take` answers. The record is good during the call.
 * A ring that contradicts itself is emptied. Bytes read, or the first negative error of `take`.
 */
int64_t perf_ring_read(struct perf_ring *ring,
	int (*take)(void *context, const struct perf_event_header *record), void *context);

#endif
