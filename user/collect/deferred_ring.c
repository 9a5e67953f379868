// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/deferred_ring.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WAKEUP_LEAST (32U << 10)
#define BATCH 64 /* records */

struct queued {
	struct queued *next;
	size_t size;
	union {
		uint32_t kind; /* enum abi_deferred_kind */
		struct abi_deferred record; /* its stack behind it */
		struct abi_deferred_runtime runtime; /* its frames behind it */
	};
};

/* With the lock held. A record without memory for a copy is lost. */
static int take(void *context, void *data, size_t size)
{
	struct deferred_ring *ring = context;
	size_t whole = offsetof(struct queued, record) + size;
	struct queued *queued = malloc(whole < sizeof(*queued) ? sizeof(*queued) : whole);

	if (!queued) {
		__atomic_add_fetch(&ring->deferred.resolver->counters[COUNTER_user_memory], 1,
			__ATOMIC_RELAXED);
		return 0;
	}
	queued->next = NULL;
	queued->size = size;
	memcpy(&queued->record, data, size);
	*ring->last = queued;
	ring->last = &queued->next;
	ring->queued++;
	ring->bytes += size;
	ring->queued_bytes += size;
	return ring->queued_bytes < ring->most_bytes || ring->whole ? 0 : -EAGAIN;
}

/* From the ring to the queue, as far as there is room. How many are in the queue. */
static uint32_t pump(struct deferred_ring *ring)
{
	uint32_t queued;

	pthread_mutex_lock(&ring->lock);
	if (ring->queued_bytes < ring->most_bytes)
		ring_buffer__consume(ring->ring);
	queued = ring->queued;
	pthread_mutex_unlock(&ring->lock);
	return queued;
}

static struct queued *pop(struct deferred_ring *ring)
{
	struct queued *queued;

	pthread_mutex_lock(&ring->lock);
	queued = ring->first;
	if (queued) {
		ring->first = queued->next;
		ring->last = queued->next ? ring->last : &ring->first;
		ring->queued_bytes -= queued->size;
		ring->queued--;
	}
	pthread_mutex_unlock(&ring->lock);
	return queued;
}

static void *run(void *argument)
{
	struct deferred_ring *ring = argument;
	struct epoll_event event;

	for (;;) {
		int n = epoll_wait(ring->epoll_fd, &event, 1, -1);

		if (n < 0 && errno != EINTR)
			return NULL;
		if (n > 0 && event.data.fd == ring->stop_fd)
			return NULL;
		if (n > 0 && pump(ring))
			eventfd_write(ring->more_fd, 1);
	}
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

static int watch(const struct deferred_ring *ring, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return epoll_ctl(ring->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* The ring by edges: what lies there without a wake-up is no reason to look. */
static int open_fds(struct deferred_ring *ring)
{
	int err;

	ring->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	ring->more_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ring->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (ring->epoll_fd < 0 || ring->more_fd < 0 || ring->stop_fd < 0)
		return -errno;
	err = watch(ring, ring->stop_fd, EPOLLIN);
	return err ? err : watch(ring, programs_deferred_fd(ring->programs), EPOLLIN | EPOLLET);
}

int deferred_ring_init(struct deferred_ring *ring, struct programs *programs, const struct deferred *deferred,
	void (*refresh)(void *context, const struct abi_entry *entry), void (*prepare)(void *context),
	void *context)
{
	int err = deferred_frames_init(&ring->frames, programs->cpus);

	if (err)
		return err;
	ring->programs = programs;
	ring->deferred = *deferred;
	ring->deferred.frames = &ring->frames;
	ring->refresh = refresh;
	ring->prepare = prepare;
	ring->context = context;
	ring->last = &ring->first;
	ring->most_bytes = programs->plan.heap_bytes / 2;
	ring->ring = ring_buffer__new(programs_deferred_fd(programs), take, ring, NULL);
	if (!ring->ring)
		return -errno;
	err = open_fds(ring);
	if (err)
		return err;
	set_wakeup(ring, true);
	pthread_mutex_init(&ring->lock, NULL);
	err = pthread_create(&ring->thread, NULL, run, ring);
	ring->running = !err;
	return -err;
}

static void stop(struct deferred_ring *ring)
{
	if (!ring->running)
		return;
	eventfd_write(ring->stop_fd, 1);
	pthread_join(ring->thread, NULL);
	ring->running = false;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void deferred_ring_release(struct deferred_ring *ring)
{
	struct queued *queued;

	stop(ring);
	while (ring->first && (queued = pop(ring)))
		free(queued);
	ring_buffer__free(ring->ring);
	deferred_frames_release(&ring->frames);
	close_fd(ring->epoll_fd);
	close_fd(ring->more_fd);
	close_fd(ring->stop_fd);
	*ring = DEFERRED_RING_NONE;
}

int deferred_ring_fd(const struct deferred_ring *ring)
{
	return ring->more_fd;
}

static void add(struct deferred_ring *ring, const struct queued *queued)
{
	if (queued->size >= sizeof(queued->kind) && queued->kind == DEFERRED_RUNTIME) {
		deferred_frames_keep(&ring->frames, &queued->runtime, queued->size);
		return;
	}
	if (queued->size >= sizeof(queued->record))
		ring->refresh(ring->context, &queued->record.entry);
	deferred_add(&ring->deferred, &queued->record, queued->size);
}

uint32_t deferred_ring_cut(struct deferred_ring *ring)
{
	uint32_t queued;

	pthread_mutex_lock(&ring->lock);
	ring->whole = true;
	ring_buffer__consume(ring->ring);
	ring->whole = false;
	queued = ring->queued;
	pthread_mutex_unlock(&ring->lock);
	return queued;
}

static void read_batch(struct deferred_ring *ring, uint32_t most)
{
	struct queued *queued;

	for (uint32_t n = 0; n < most && (queued = pop(ring)); n++) {
		add(ring, queued);
		free(queued);
	}
}

void deferred_ring_read_cut(struct deferred_ring *ring, uint32_t count)
{
	struct spaces *spaces = ring->deferred.resolver->spaces;

	ring->prepare(ring->context);
	for (uint32_t n; count; count -= n) {
		n = count < BATCH ? count : BATCH;
		read_batch(ring, n);
		spaces_publish(spaces);
	}
}

bool deferred_ring_read(struct deferred_ring *ring)
{
	struct spaces *spaces = ring->deferred.resolver->spaces;
	uint64_t before = spaces_figures(spaces).publications;
	eventfd_t value;
	uint32_t queued;
	bool more;

	eventfd_read(ring->more_fd, &value);
	queued = pump(ring);
	ring->prepare(ring->context);
	/* Those that have come since are not prepared for. */
	read_batch(ring, queued < BATCH ? queued : BATCH);
	spaces_publish(spaces);
	set_wakeup(ring, spaces_figures(spaces).publications > before);
	more = pump(ring) > 0;
	if (more)
		eventfd_write(ring->more_fd, 1);
	return more;
}
