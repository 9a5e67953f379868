// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/deferred_ring.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WAKEUP_LEAST (32U << 10)
#define BATCH 64 /* records */

static int take(void *context, void *data, size_t size)
{
	struct deferred_ring *ring = context;
	const struct abi_deferred *record = data;

	ring->bytes += size;
	if (size >= sizeof(*record))
		ring->refresh(ring->context, &record->entry);
	deferred_add(&ring->deferred, record, size);
	return ++ring->batch < BATCH ? 0 : -EAGAIN;
}

/* Early while every look teaches the kernel side something, as late as is safe when it does not. */
static void set_wakeup(struct deferred_ring *ring, bool learned)
{
	uint32_t most = ring->programs->plan.ring_bytes / 4;
	uint32_t wakeup = learned ? ring->wakeup / 2 : 2 * ring->wakeup;

	if (wakeup < WAKEUP_LEAST)
		wakeup = WAKEUP_LEAST;
	ring->wakeup = wakeup < most ? wakeup : most;
	programs_set_wakeup(ring->programs, ring->wakeup);
}

int deferred_ring_init(struct deferred_ring *ring, struct programs *programs, const struct deferred *deferred,
	void (*refresh)(void *context, const struct abi_entry *entry), void *context)
{
	*ring = (struct deferred_ring){.programs = programs, .deferred = *deferred,
		.refresh = refresh, .context = context};
	ring->more_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ring->more_fd < 0)
		return -errno;
	ring->ring = ring_buffer__new(programs_deferred_fd(programs), take, ring, NULL);
	if (!ring->ring)
		return -errno;
	set_wakeup(ring, true);
	return 0;
}

void deferred_ring_release(struct deferred_ring *ring)
{
	ring_buffer__free(ring->ring);
	if (ring->more_fd >= 0)
		close(ring->more_fd);
	*ring = (struct deferred_ring){.more_fd = -1};
}

int deferred_ring_fd(const struct deferred_ring *ring)
{
	return programs_deferred_fd(ring->programs);
}

int deferred_ring_more_fd(const struct deferred_ring *ring)
{
	return ring->more_fd;
}

bool deferred_ring_read(struct deferred_ring *ring)
{
	struct spaces *spaces = ring->deferred.resolver->spaces;
	uint64_t before = spaces_figures(spaces).publications;
	eventfd_t value;
	bool more;

	eventfd_read(ring->more_fd, &value);
	ring->batch = 0;
	ring_buffer__consume(ring->ring);
	more = ring->batch == BATCH;
	spaces_publish(spaces);
	set_wakeup(ring, spaces_figures(spaces).publications > before);
	if (more)
		eventfd_write(ring->more_fd, 1);
	return more;
}
