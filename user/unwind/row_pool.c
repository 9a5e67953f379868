// SPDX-License-Identifier: GPL-2.0-or-later
#include "unwind/row_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int create_file(void *context, uint32_t chunk)
{
	int fd = memfd_create("profound-rows", MFD_CLOEXEC);

	(void)context;
	(void)chunk;
	if (fd < 0)
		return -errno;
	if (!ftruncate(fd, ROW_POOL_CHUNK))
		return fd;
	close(fd);
	return -ENOMEM;
}

struct row_pool_backing row_pool_files(void)
{
	return (struct row_pool_backing){.create = create_file, .chunks = ABI_CHUNKS};
}

int row_pool_init(struct row_pool *pool, const struct row_pool_backing *backing)
{
	*pool = (struct row_pool){.backing = *backing};
	pool->chunks = calloc(backing->chunks, sizeof(*pool->chunks));
	if (!pool->chunks)
		return -ENOMEM;
	for (uint32_t i = 0; i < backing->chunks; i++)
		pool->chunks[i].fd = -1;
	return 0;
}

static void unmap(struct row_pool *pool, struct row_chunk_state *chunk)
{
	if (!chunk->rows)
		return;
	munmap(chunk->rows, ROW_POOL_CHUNK);
	chunk->rows = NULL;
	pool->mapped--;
}

void row_pool_release(struct row_pool *pool)
{
	for (uint32_t i = 0; i < pool->backing.chunks && pool->chunks; i++) {
		unmap(pool, &pool->chunks[i]);
		if (pool->chunks[i].fd >= 0)
			close(pool->chunks[i].fd);
	}
	free(pool->chunks);
	*pool = (struct row_pool){0};
}

uint32_t row_pool_room(const struct row_pool *pool)
{
	return pool->backing.chunks * ABI_CHUNK_PAGES - pool->pages;
}

static int create(struct row_pool *pool, uint32_t number)
{
	struct row_chunk_state *chunk = &pool->chunks[number];
	int fd = pool->backing.create(pool->backing.context, number);

	if (fd < 0)
		return fd;
	*chunk = (struct row_chunk_state){.fd = fd, .free = ABI_CHUNK_PAGES};
	pool->created++;
	return 0;
}

/* A chunk with a free page, the fullest part of the pool first. */
static int find_room(struct row_pool *pool, uint32_t *number)
{
	uint32_t none = pool->backing.chunks, seen = 0;
	int err;

	for (uint32_t i = 0; i < pool->backing.chunks; i++) {
		if (pool->chunks[i].fd < 0) {
			none = i < none ? i : none;
			if (seen == pool->created)
				break;
			continue;
		}
		seen++;
		if (!pool->chunks[i].free)
			continue;
		*number = i;
		return 0;
	}
	if (none == pool->backing.chunks)
		return -ENOSPC;
	err = create(pool, none);
	if (!err)
		*number = none;
	return err;
}

int row_pool_take(struct row_pool *pool, uint32_t *number)
{
	struct row_chunk_state *chunk;
	uint32_t at = 0, page = 0;
	int err = find_room(pool, &at);

	if (err)
		return err;
	chunk = &pool->chunks[at];
	while (chunk->taken[page / 64] >> page % 64 & 1)
		page++;
	chunk->taken[page / 64] |= UINT64_C(1) << page % 64;
	chunk->free--;
	pool->pages++;
	*number = at * ABI_CHUNK_PAGES + page;
	return 0;
}

void row_pool_give(struct row_pool *pool, uint32_t number)
{
	struct row_chunk_state *chunk = &pool->chunks[number / ABI_CHUNK_PAGES];
	uint32_t page = number % ABI_CHUNK_PAGES;

	chunk->taken[page / 64] &= ~(UINT64_C(1) << page % 64);
	chunk->free++;
	pool->pages--;
}

static void unmap_oldest(struct row_pool *pool)
{
	struct row_chunk_state *oldest = NULL;

	for (uint32_t i = 0; i < pool->backing.chunks; i++) {
		struct row_chunk_state *chunk = &pool->chunks[i];

		if (chunk->rows && (!oldest || chunk->used < oldest->used))
			oldest = chunk;
	}
	if (oldest)
		unmap(pool, oldest);
}

static int map(struct row_pool *pool, struct row_chunk_state *chunk)
{
	void *rows;

	if (pool->mapped >= ROW_POOL_MAPPED)
		unmap_oldest(pool);
	rows = mmap(NULL, ROW_POOL_CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED, chunk->fd, 0);
	if (rows == MAP_FAILED)
		return -errno;
	chunk->rows = rows;
	pool->mapped++;
	return 0;
}

struct abi_row *row_pool_page(struct row_pool *pool, uint32_t number)
{
	struct row_chunk_state *chunk = &pool->chunks[number / ABI_CHUNK_PAGES];

	chunk->used = ++pool->clock;
	if (!chunk->rows && map(pool, chunk))
		return NULL;
	return chunk->rows + (size_t)(number % ABI_CHUNK_PAGES) * ABI_ROWS;
}
