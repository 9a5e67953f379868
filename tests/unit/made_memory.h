/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel side would read, in our own memory: an arena, rules, and chunks of rows that can be looked into by
 * their number. made_find() searches there as bpf/space.bpf.h does.
 */
#ifndef MADE_MEMORY_H
#define MADE_MEMORY_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "step_rows.h"
#include "unwind/arena.h"
#include "unwind/row_pool.h"

struct made_memory {
	uint64_t *words;
	struct arena arena;
	struct abi_rule *rules;
	int fds[ABI_CHUNKS]; /* 0: not there */
	uint32_t created; /* so far */
	int fail; /* what the next chunk's creation returns; 0: it works */
};

static inline int made_create(void *context, uint32_t chunk)
{
	struct made_memory *memory = context;
	int fd;

	if (memory->fail)
		return memory->fail;
	fd = memfd_create("made", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, ROW_POOL_CHUNK), 0);
	assert_int_equal(memory->fds[chunk], 0);
	memory->fds[chunk] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	memory->created++;
	return fd;
}

static inline struct row_pool_backing made_backing(struct made_memory *memory, uint32_t chunks)
{
	return (struct row_pool_backing){
		.create = made_create, .context = memory, .chunks = chunks};
}

static inline void made_memory_init(struct made_memory *memory, uint32_t words)
{
	*memory = (struct made_memory){.words = calloc(words, sizeof(uint64_t)),
		.rules = calloc(ABI_RULES, sizeof(struct abi_rule))};
	assert_non_null(memory->words);
	assert_non_null(memory->rules);
	memset(memory->words, 0xa5, words * sizeof(uint64_t)); /* a piece's content is undefined */
	assert_int_equal(arena_init(&memory->arena, memory->words, words), 0);
}

/* After everything that uses it. */
static inline void made_memory_release(struct made_memory *memory)
{
	for (uint32_t chunk = 0; chunk < ABI_CHUNKS; chunk++)
		if (memory->fds[chunk])
			close(memory->fds[chunk]);
	arena_release(&memory->arena);
	free(memory->words);
	free(memory->rules);
}

/* Where a page is in its chunk's file. */
static inline off_t made_page_at(uint32_t number)
{
	return (off_t)(number % ABI_CHUNK_PAGES * ROW_POOL_PAGE);
}

/* A page, past the pool. */
static inline void made_read_page(const struct made_memory *memory, uint32_t number, struct abi_row *rows)
{
	assert_int_equal(pread(memory->fds[number / ABI_CHUNK_PAGES], rows, ROW_POOL_PAGE, made_page_at(number)),
		ROW_POOL_PAGE);
}

static inline struct abi_page made_page_find(
	const struct made_memory *memory, const struct abi_map *map, uint64_t from_base)
{
	const uint32_t *index = arena_piece(&memory->arena, map->blocks);
	const struct abi_page *page = arena_piece(&memory->arena, map->pages);

	page += index[from_base >> ABI_BLOCK_SHIFT];
	for (int i = 0; i < ABI_BLOCK_PAGES && page[1].base <= from_base; i++)
		page++;
	return *page;
}

/* The rule id at an address of a mapping of kind MAP_TABLE. */
static inline uint16_t made_find(const struct made_memory *memory, const struct abi_map *map, uint64_t address)
{
	uint64_t from_base = address + map->bias;
	struct abi_row rows[ABI_ROWS];
	struct abi_page page;

	if (from_base >> ABI_BLOCK_SHIFT >= map->n_blocks)
		return 0;
	page = made_page_find(memory, map, from_base);
	made_read_page(memory, page.number, rows);
	return rows[rows_search(rows, rows_offset(from_base - page.base))].rule;
}

#endif
