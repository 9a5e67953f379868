// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/row_chunks.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct row_chunks {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int outer_fd;
	uint32_t n;
	int waiting[ABI_CHUNKS]; /* descriptors to put in, by chunk; -1: none */
	uint32_t n_waiting;
	uint32_t created, failed;
	bool stop;
};

static uint32_t first_waiting(const struct row_chunks *chunks)
{
	uint32_t chunk = 0;

	while (chunks->waiting[chunk] < 0)
		chunk++;
	return chunk;
}

/* With the lock held, but not while the kernel waits. */
static void put_one(struct row_chunks *chunks)
{
	uint32_t chunk = first_waiting(chunks);
	int fd = chunks->waiting[chunk], err;

	chunks->waiting[chunk] = -1;
	chunks->n_waiting--;
	pthread_mutex_unlock(&chunks->lock);
	err = bpf_map_update_elem(chunks->outer_fd, &chunk, &fd, BPF_ANY);
	close(fd);
	pthread_mutex_lock(&chunks->lock);
	chunks->failed += err != 0;
}

static void *run(void *argument)
{
	struct row_chunks *chunks = argument;

	pthread_mutex_lock(&chunks->lock);
	while (!chunks->stop) {
		if (chunks->n_waiting)
			put_one(chunks);
		else
			pthread_cond_wait(&chunks->changed, &chunks->lock);
	}
	pthread_mutex_unlock(&chunks->lock);
	return NULL;
}

/* Nobody samples any more. */
static void drop_one(struct row_chunks *chunks)
{
	uint32_t chunk = first_waiting(chunks);

	close(chunks->waiting[chunk]);
	chunks->waiting[chunk] = -1;
	chunks->n_waiting--;
}

struct row_chunks *row_chunks_new(int outer_fd, uint32_t n)
{
	struct row_chunks *chunks = calloc(1, sizeof(*chunks));

	if (!chunks)
		return NULL;
	chunks->outer_fd = outer_fd;
	chunks->n = n;
	for (uint32_t i = 0; i < ABI_CHUNKS; i++)
		chunks->waiting[i] = -1;
	pthread_mutex_init(&chunks->lock, NULL);
	pthread_cond_init(&chunks->changed, NULL);
	if (!pthread_create(&chunks->thread, NULL, run, chunks))
		return chunks;
	free(chunks);
	return NULL;
}

void row_chunks_free(struct row_chunks *chunks)
{
	if (!chunks)
		return;
	pthread_mutex_lock(&chunks->lock);
	chunks->stop = true;
	pthread_cond_signal(&chunks->changed);
	pthread_mutex_unlock(&chunks->lock);
	pthread_join(chunks->thread, NULL);
	while (chunks->n_waiting)
		drop_one(chunks);
	pthread_cond_destroy(&chunks->changed);
	pthread_mutex_destroy(&chunks->lock);
	free(chunks);
}

static int create(void *context, uint32_t chunk)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	struct row_chunks *chunks = context;
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "row_chunk", sizeof(uint32_t), ROW_POOL_PAGE,
		ABI_CHUNK_PAGES, &options);
	int copy;

	if (fd < 0)
		return -errno;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_lock(&chunks->lock);
	chunks->created++;
	chunks->failed += copy < 0;
	if (copy >= 0) {
		chunks->waiting[chunk] = copy;
		chunks->n_waiting++;
		pthread_cond_signal(&chunks->changed);
	}
	pthread_mutex_unlock(&chunks->lock);
	return fd;
}

struct row_pool_backing row_chunks_backing(struct row_chunks *chunks)
{
	return (struct row_pool_backing){.create = create, .context = chunks, .chunks = chunks->n};
}

static uint32_t locked(struct row_chunks *chunks, const uint32_t *figure)
{
	uint32_t value;

	pthread_mutex_lock(&chunks->lock);
	value = *figure;
	pthread_mutex_unlock(&chunks->lock);
	return value;
}

uint64_t row_chunks_bytes(struct row_chunks *chunks)
{
	return locked(chunks, &chunks->created) * (uint64_t)ROW_POOL_CHUNK;
}

uint32_t row_chunks_failed(struct row_chunks *chunks)
{
	return locked(chunks, &chunks->failed);
}
