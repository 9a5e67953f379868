// SPDX-License-Identifier: GPL-2.0-or-later
#include "unwind/tables.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "object/elf.h"
#include "object/rules.h"
#include "object/unwind_table.h"
#include "symbolize/vdso.h"
#include "unwind/shared_table.h"

#define OWN_ARENA_WORDS (1U << 18)
#define OWN_HEAP_BYTES (64U << 20)
#define TRIES_MAX 6

enum table_place {
	TABLE_NONE,   /* evicted, or not built yet */
	TABLE_LATER,  /* there was no room or no memory for it */
	TABLE_BARE,   /* the file has no unwind information, or cannot be read */
	TABLE_HEAP,   /* no room */
	TABLE_SHARED,
};

struct file_table {
	struct elf elf;
	enum table_place place;
	struct unwind_table heap;
	struct shared_table shared;
	uint32_t used; /* epoch */
	uint32_t again; /* TABLE_LATER: the epoch in which to try */
	uint8_t tries;
};

/* An evicted table on its way out. */
struct leaving {
	struct shared_table table;
	uint32_t epoch;
};

struct tables {
	struct rules rules;
	struct arena *arena, own_arena;
	uint64_t *own_words;
	struct row_pool pool;
	struct file_table **by_object; /* by object id; NULL: not looked at yet */
	uint32_t n;
	struct leaving *leaving;
	uint32_t n_leaving, leaving_cap;
	uint64_t heap_limit, heap_bytes;
	uint32_t epoch, state;
	uint64_t evicted, failed;
	struct tables_builder builder;
};

static int build_here(void *context, struct unwind_table *table, int fd, struct rules *rules)
{
	(void)context;
	return unwind_table_init(table, fd, rules);
}

static int make_own(struct tables *tables, struct tables_memory *memory)
{
	tables->own_words = calloc(OWN_ARENA_WORDS, sizeof(uint64_t));
	if (!tables->own_words || arena_init(&tables->own_arena, tables->own_words, OWN_ARENA_WORDS))
		return -ENOMEM;
	*memory = (struct tables_memory){.arena = &tables->own_arena,
		.backing = row_pool_files(),
		.heap_bytes = OWN_HEAP_BYTES};
	return 0;
}

struct tables *tables_new(const struct tables_memory *memory)
{
	struct tables *tables = calloc(1, sizeof(*tables));
	struct tables_memory own;

	if (!tables)
		return NULL;
	if (!memory) {
		if (make_own(tables, &own))
			goto fail;
		memory = &own;
	}
	tables->arena = memory->arena;
	tables->heap_limit = memory->heap_bytes;
	tables->builder = memory->builder.build ? memory->builder : (struct tables_builder){build_here, NULL};
	if (rules_init(&tables->rules, memory->rules) ||
		row_pool_init(&tables->pool, &memory->backing))
		goto fail;
	return tables;
fail:
	tables_free(tables);
	return NULL;
}

static uint64_t heap_bytes(const struct unwind_table *table)
{
	return table->pages * (ROW_POOL_PAGE + sizeof(*table->bases));
}

static void leave_heap(struct tables *tables, struct file_table *file)
{
	tables->heap_bytes -= heap_bytes(&file->heap);
	unwind_table_release(&file->heap);
	file->place = TABLE_NONE;
}

static void file_table_free(struct file_table *file)
{
	if (!file)
		return;
	unwind_table_release(&file->heap);
	elf_release(&file->elf);
	free(file);
}

void tables_free(struct tables *tables)
{
	if (!tables)
		return;
	for (uint32_t id = 0; id < tables->n; id++)
		file_table_free(tables->by_object[id]);
	free(tables->by_object);
	free(tables->leaving);
	row_pool_release(&tables->pool);
	rules_release(&tables->rules);
	arena_release(&tables->own_arena);
	free(tables->own_words);
	free(tables);
}

/* From the heap to where the kernel side reads it, if there is room. */
static void share(struct tables *tables, struct file_table *file)
{
	if (shared_table_init(&file->shared, &file->heap, tables->arena, &tables->pool))
		return;
	leave_heap(tables, file);
	file->place = TABLE_SHARED;
}

static struct file_table *least_used(
	const struct tables *tables, enum table_place place, const struct file_table *but)
{
	struct file_table *found = NULL;

	for (uint32_t id = 0; id < tables->n; id++) {
		struct file_table *file = tables->by_object[id];

		if (file && file != but && file->place == place &&
			(!found || file->used < found->used))
			found = file;
	}
	return found;
}

/* A table that was used in this epoch or the last one stays. */
static bool lately(const struct tables *tables, const struct file_table *file)
{
	return tables->epoch - file->used < 2;
}

/* In the next epoch, and after each failure twice as late: to build is dear. */
static void put_off(struct tables *tables, struct file_table *file)
{
	file->place = TABLE_LATER;
	file->again = tables->epoch + (1U << file->tries);
	file->tries += file->tries < TRIES_MAX;
}

/* The new one goes if all others were used lately: two that took each other's room would be built at every frame. */
static void limit_heap(struct tables *tables, struct file_table *new)
{
	while (tables->heap_bytes > tables->heap_limit) {
		struct file_table *file = least_used(tables, TABLE_HEAP, new);

		tables->evicted++;
		if (file && !lately(tables, file)) {
			leave_heap(tables, file);
			continue;
		}
		if (new->place == TABLE_HEAP) {
			leave_heap(tables, new);
			put_off(tables, new);
		}
		return;
	}
}

static void build(struct tables *tables, struct file_table *file, int fd)
{
	int err;

	file->place = TABLE_BARE;
	rules_share(&tables->rules);
	err = tables->builder.build(tables->builder.context, &file->heap, fd, &tables->rules);
	tables->failed += err == -EPIPE;
	/* A child that died or took too long may have been somebody else's victim. */
	if (err == -ENOMEM || err == -EPIPE) {
		put_off(tables, file);
		return;
	}
	if (err)
		return;
	file->place = TABLE_HEAP;
	tables->heap_bytes += heap_bytes(&file->heap);
	share(tables, file);
	limit_heap(tables, file);
}

static void build_for(struct tables *tables, struct file_table *file, const struct object *object)
{
	bool vdso = object->kind == OBJECT_VDSO;
	int fd = vdso ? vdso_open() : object->fd;

	if (fd < 0 && !vdso && !object->tried)
		return; /* another process may have it */
	if (!file->elf.n_segments && (fd < 0 || elf_init(&file->elf, fd)))
		file->place = TABLE_BARE;
	else
		build(tables, file, fd);
	if (vdso && fd >= 0)
		close(fd);
}

static int make_room(struct tables *tables, uint32_t id)
{
	struct file_table **by_object;

	if (id < tables->n)
		return 0;
	by_object = realloc(tables->by_object, (id + 64) * sizeof(struct file_table *));
	if (!by_object)
		return -ENOMEM;
	while (tables->n < id + 64)
		by_object[tables->n++] = NULL;
	tables->by_object = by_object;
	return 0;
}

/* The file's table, built; NULL: no memory. */
static struct file_table *file_of(struct tables *tables, const struct object *object)
{
	struct file_table *file;

	if (make_room(tables, object->id))
		return NULL;
	file = tables->by_object[object->id];
	if (!file)
		file = tables->by_object[object->id] = calloc(1, sizeof(*file));
	if (!file)
		return NULL;
	if (file->place == TABLE_NONE ||
		(file->place == TABLE_LATER && (int32_t)(tables->epoch - file->again) >= 0))
		build_for(tables, file, object);
	file->used = tables->epoch;
	return file;
}

const struct abi_rule *tables_find(
	struct tables *tables, const struct object *object, uint64_t offset)
{
	struct file_table *file = file_of(tables, object);
	uint64_t address;
	uint16_t id;

	if (!file || file->place == TABLE_BARE || file->place == TABLE_LATER ||
		elf_address_of_offset(&file->elf, offset, &address))
		return NULL;
	id = file->place == TABLE_HEAP
		     ? unwind_table_find(&file->heap, address)
		     : shared_table_find(&file->shared, tables->arena, &tables->pool, address);
	return &tables->rules.rule[id];
}

/*
 * Where the mapping's first byte is in the file's address space, by the only executable segment in it; false: there are
 * several that disagree. A mapping begins at a page's start, which may be before the segment's.
 */
static bool only_segment(const struct elf *elf, const struct mapping *mapping, uint64_t *address)
{
	uint64_t end = mapping->offset + (mapping->end - mapping->start);
	bool found = false;

	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];
		uint64_t at = segment->p_vaddr + (mapping->offset - segment->p_offset);

		if (!(segment->p_flags & PF_X) || segment->p_offset >= end ||
			segment->p_offset + segment->p_filesz <= mapping->offset)
			continue;
		if (found && at != *address)
			return false;
		*address = at;
		found = true;
	}
	return found;
}

void tables_map(const struct tables *tables, const struct mapping *mapping, struct abi_map *map)
{
	const struct object *object = mapping->object;
	const struct file_table *file;
	uint64_t address = 0;

	*map = (struct abi_map){.start = mapping->start, .end = mapping->end, .kind = MAP_DEFER};
	if (!object) {
		map->kind = MAP_BARE;
		return;
	}
	file = object->id < tables->n ? tables->by_object[object->id] : NULL;
	if (file && file->place == TABLE_BARE)
		map->kind = MAP_BARE;
	if (!file || file->place != TABLE_SHARED || !only_segment(&file->elf, mapping, &address))
		return;
	map->kind = MAP_TABLE;
	map->bias = address - file->shared.base - mapping->start;
	map->pages = file->shared.pages;
	map->blocks = file->shared.blocks;
	map->n_blocks = file->shared.n_blocks;
}

void tables_use(struct tables *tables, uint32_t object)
{
	if (object < tables->n && tables->by_object[object])
		tables->by_object[object]->used = tables->epoch;
}

/* Takes the table out of every later abi_map. 0 or -ENOMEM. */
static int evict(struct tables *tables, struct file_table *file)
{
	uint32_t cap = tables->leaving_cap ? 2 * tables->leaving_cap : 8;
	struct leaving *leaving;

	if (tables->n_leaving == tables->leaving_cap) {
		leaving = realloc(tables->leaving, cap * sizeof(*leaving));
		if (!leaving)
			return -ENOMEM;
		tables->leaving = leaving;
		tables->leaving_cap = cap;
	}
	tables->leaving[tables->n_leaving++] = (struct leaving){file->shared, tables->epoch};
	file->shared = (struct shared_table){0};
	file->place = TABLE_NONE;
	tables->state++;
	tables->evicted++;
	return 0;
}

static void give_back(struct tables *tables)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < tables->n_leaving; i++) {
		struct leaving *leaving = &tables->leaving[i];

		if (tables->epoch - leaving->epoch < 2)
			tables->leaving[kept++] = *leaving;
		else
			shared_table_release(&leaving->table, tables->arena, &tables->pool);
	}
	tables->n_leaving = kept;
}

/* Shares those on the heap that were used lately, or the others. The bytes of those that found no pages. */
static uint64_t share_those(struct tables *tables, bool used_lately)
{
	uint64_t wanted = 0;

	for (uint32_t id = 0; id < tables->n; id++) {
		struct file_table *file = tables->by_object[id];

		if (!file || file->place != TABLE_HEAP || lately(tables, file) != used_lately)
			continue;
		share(tables, file);
		if (file->place == TABLE_HEAP && row_pool_room(&tables->pool) < file->heap.pages)
			wanted += heap_bytes(&file->heap);
	}
	return wanted;
}

/* Evicts tables that were not used lately, until as many bytes as are wanted are on their way out. */
static void evict_bytes(struct tables *tables, uint64_t wanted)
{
	uint64_t leaving = 0;

	for (uint32_t i = 0; i < tables->n_leaving; i++)
		leaving += shared_table_bytes(&tables->leaving[i].table);
	while (leaving < wanted) {
		struct file_table *file = least_used(tables, TABLE_SHARED, NULL);

		if (!file || lately(tables, file))
			return;
		leaving += shared_table_bytes(&file->shared);
		if (evict(tables, file))
			return;
	}
}

/* Those that were used lately and have no room take that of those that were not. */
static void exchange(struct tables *tables)
{
	uint64_t wanted = share_those(tables, true);

	if (wanted)
		evict_bytes(tables, wanted);
	else
		share_those(tables, false);
}

void tables_epoch(struct tables *tables)
{
	tables->epoch++;
	give_back(tables);
	exchange(tables);
}

uint32_t tables_state(const struct tables *tables)
{
	return tables->state;
}

struct tables_figures tables_figures(const struct tables *tables)
{
	struct tables_figures figures = {.evicted = tables->evicted, .failed = tables->failed};

	for (uint32_t id = 0; id < tables->n; id++) {
		const struct file_table *file = tables->by_object[id];

		if (!file)
			continue;
		figures.on_heap += file->place == TABLE_HEAP;
		if (file->place != TABLE_SHARED)
			continue;
		figures.shared++;
		figures.rows += file->shared.n_rows;
		figures.bytes += shared_table_bytes(&file->shared);
	}
	return figures;
}
