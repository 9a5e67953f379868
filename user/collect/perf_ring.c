// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/perf_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RING_MAX (256 * 1024)

static long locked_kb(void)
{
	char text[32];
	ssize_t len;
	int fd = open("/proc/sys/kernel/perf_event_mlock_kb", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return 0;
	text[len] = '\0';
	return strtol(text, NULL, 10);
}

size_t perf_ring_size(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	long kb = locked_kb();
	size_t allowed = kb > 0 ? (size_t)kb * 1024 : 0;
	size_t size = page;

	while (size * 2 + page <= allowed && size * 2 <= RING_MAX)
		size *= 2;
	return size;
}

int perf_ring_init(struct perf_ring *ring, int fd, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *scratch = malloc(PERF_RING_RECORD_MAX);
	void *map;

	if (!scratch)
		return -ENOMEM;
	for (;; size /= 2) {
		map = mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map != MAP_FAILED)
			break;
		if ((errno != EPERM && errno != ENOMEM) || size <= page) {
			int err = -errno;

			free(scratch);
			return err;
		}
	}
	*ring = (struct perf_ring){
		.control = map,
		.map_len = page + size,
		.data = (const unsigned char *)map + page,
		.size = size,
		.scratch = scratch,
	};
	return 0;
}

void perf_ring_release(struct perf_ring *ring)
{
	if (!ring->control)
		return;
	munmap(ring->control, ring->map_len);
	free(ring->scratch);
	*ring = (struct perf_ring){0};
}

static const struct perf_event_header *unwrap(struct perf_ring *ring, uint64_t at, size_t size)
{
	uint64_t from = at & (ring->size - 1);
	size_t first = ring->size - from < size ? (size_t)(ring->size - from) : size;

	if (first == size)
		return (const void *)(ring->data + from);
	memcpy(ring->scratch, ring->data + from, first);
	memcpy(ring->scratch + first, ring->data, size - first);
	return (const void *)ring->scratch;
}

int64_t perf_ring_read(struct perf_ring *ring,
	int (*take)(void *context, const struct perf_event_header *record), void *context)
{
	uint64_t head, tail, start;
	int err = 0;

	if (!ring->control)
		return 0;
	head = __atomic_load_n(&ring->control->data_head, __ATOMIC_ACQUIRE);
	start = tail = ring->control->data_tail;
	while (tail != head && !err) {
		/* Records are 8-aligned, so a header never wraps. */
		const struct perf_event_header *header =
			(const void *)(ring->data + (tail & (ring->size - 1)));
		size_t size = header->size;

		if (size < sizeof(*header) || size % 8 || size > head - tail) {
			tail = head;
			break;
		}
		err = take(context, unwrap(ring, tail, size));
		tail += size;
	}
	__atomic_store_n(&ring->control->data_tail, tail, __ATOMIC_RELEASE);
	return err ? err : (int64_t)(tail - start);
}
