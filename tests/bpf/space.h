/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process's space, published by hand (abi_unwind.h), and the walk of a sample of it over a stack in our own memory.
 *
 * One file is mapped at TEXT: functions of FUNCTION bytes, each with the rule of its number.
 */
#ifndef PROFOUND_TESTS_SPACE_H
#define PROFOUND_TESTS_SPACE_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine.h"
#include "maps.bpf.h"
#include "step_rows.h"
#include "unwind/row_pool.h"

#define FUNCTION 0x100ULL
#define TEXT 0x10000000ULL
#define TEXT_AGAIN 0x20000000ULL /* the same file */
#define JIT 0x30000000ULL
#define DEFERRED 0x40000000ULL /* a file without a table */
#define MAPPED 0x4000ULL /* bytes of each */
#define NOWHERE 0x50000000ULL

#define START_NS 123456789ULL
#define TGID 4321U
#define EXEC 3U
#define MM_STATE 0x500000007ULL
#define CHUNK 2U
#define NOT_DEFERRED 7U /* what walk->compared is before */

#define STACK_BYTES 16384UL
#define STACK_AT 8192UL /* of it, where sp is */

enum function {
	NONE = CFA_NONE, /* the fixed ids */
	UNSUPPORTED = CFA_UNSUPPORTED,
	END = CFA_END,
	RSP_8, RSP_16, RSP_24_RBP, RBP_16, LOST_RBP,
	MEMORY, MEMORY_8, PLT, R10, RA_IN_R10, SIGNAL,
	GAP, START,         /* no rule, and where a stack begins behind it */
	GAP_AGAIN, NO_START, /* behind it as well, but not the first instruction of a function */
	FUNCTIONS
};

static const struct abi_rule rules_of[FUNCTIONS] = {
	[UNSUPPORTED] = {.cfa = CFA_UNSUPPORTED},
	[END] = {.cfa = CFA_END},
	[RSP_8] = {CFA_REGISTER, 7, .cfa_offset = 8, .ra_offset = -8},
	[RSP_16] = {CFA_REGISTER, 7, .cfa_offset = 16, .ra_offset = -8},
	[RSP_24_RBP] = {CFA_REGISTER, 7, SAVED_CFA, .cfa_offset = 24, .rbp_offset = -16, .ra_offset = -8},
	[RBP_16] = {CFA_REGISTER, 6, SAVED_CFA, .cfa_offset = 16, .rbp_offset = -16, .ra_offset = -8},
	[LOST_RBP] = {CFA_REGISTER, 7, SAVED_UNDEFINED, .cfa_offset = 8, .ra_offset = -8},
	[MEMORY] = {CFA_MEMORY, 7, .cfa_offset = 8, .ra_offset = -8},
	[MEMORY_8] = {CFA_MEMORY, 7, .cfa_offset = 8, .cfa_add = 8, .ra_offset = -8},
	[PLT] = {CFA_PLT, .cfa_offset = 8, .cfa_add = 11, .ra_offset = -8},
	[R10] = {CFA_REGISTER, 10, .ra_offset = -8},
	[RA_IN_R10] = {CFA_REGISTER, 7, .ra_reg = 11, .ra_offset = -8},
	[SIGNAL] = {.cfa = CFA_SIGNAL},
	[START] = {CFA_REGISTER, 7, .cfa_offset = 8, .ra_offset = -8},
	[NO_START] = {CFA_REGISTER, 7, .cfa_offset = 16, .ra_offset = -8},
};

struct fixture {
	struct engine engine;
	struct abi_row *rows; /* of CHUNK */
	char *stack;
	struct walk walk;
	uint32_t used; /* words of the arena */
	uint32_t pages, blocks, n_blocks; /* of the file */
	uint32_t version;
	struct abi_space *space; /* the last that was published */
};

static inline uint32_t take(struct fixture *f, uint32_t words)
{
	uint32_t place = f->used;

	f->used += words;
	assert_true(f->used <= ENGINE_ARENA_WORDS);
	return place;
}

static inline struct abi_row *page_of(const struct fixture *f, uint32_t index)
{
	return f->rows + index * ABI_ROWS;
}

/* All of it unused but for `n` rows, `step` apart, with rules that count up. */
static inline void fill_page(const struct fixture *f, uint32_t index, uint32_t n, uint64_t step, uint32_t first)
{
	struct abi_row *row = page_of(f, index);

	for (uint32_t i = 0; i < ABI_ROWS; i++)
		row[i] = i < n ? (struct abi_row){(uint16_t)(i * step), (uint16_t)(first + i)}
			       : (struct abi_row){ABI_ROW_UNUSED, 0};
}

/* One page for all functions, not the first of its chunk. */
static inline void put_file(struct fixture *f)
{
	struct abi_page list[] = {{0, CHUNK * ABI_CHUNK_PAGES + 5}, {ABI_PAGES_END, 0}};

	fill_page(f, 5, FUNCTIONS, FUNCTION, 0);
	page_of(f, 5)[GAP].rule = page_of(f, 5)[GAP_AGAIN].rule = 0;
	memcpy(f->engine.rules, rules_of, sizeof(rules_of));
	f->n_blocks = FUNCTIONS * FUNCTION / 4096 + 1;
	f->pages = take(f, 2);
	f->blocks = take(f, (f->n_blocks + 1) / 2);
	memcpy(&f->engine.arena[f->pages], list, sizeof(list));
}

static inline int setup(void **state)
{
	const struct abi_settings wanted = {.slots = 64, .entries = 16, .words = 1024, .banks = 2};
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	engine_open(&f->engine, &wanted);
	f->rows = engine_add_chunk(&f->engine, CHUNK);
	f->stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	assert_ptr_not_equal(f->stack, MAP_FAILED);
	f->used = 1; /* 0 is no place */
	f->version = 100;
	put_file(f);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	munmap(f->rows, ROW_POOL_CHUNK);
	munmap(f->stack, STACK_BYTES);
	engine_close(&f->engine);
	free(f);
	return 0;
}

static inline struct abi_map map_file(const struct fixture *f, uint64_t start)
{
	return (struct abi_map){.start = start, .end = start + MAPPED, .bias = -start, .pages = f->pages,
		.blocks = f->blocks, .n_blocks = f->n_blocks, .kind = MAP_TABLE};
}

static inline uint64_t hash_of(uint32_t tgid)
{
	return space_hash(START_NS, tgid, EXEC);
}

/* `n` mappings in ascending order, of `tgid`, without a slot. The space's place. */
static inline uint32_t make_space(struct fixture *f, uint32_t tgid, const struct abi_map *maps, uint32_t n)
{
	struct abi_space space = {.start_ns = START_NS, .mm_state = MM_STATE, .tgid = tgid, .exec = EXEC,
		.version = ++f->version, .size = 2};
	uint64_t *starts;
	uint32_t place;

	while (space.size < n)
		space.size *= 2;
	place = take(f, sizeof(space) / 8 + space.size * (1 + sizeof(*maps) / 8));
	f->space = (struct abi_space *)&f->engine.arena[place];
	*f->space = space;
	starts = (uint64_t *)(f->space + 1);
	for (uint32_t i = 0; i < space.size; i++)
		starts[i] = i < n ? maps[i].start : ABI_START_UNUSED;
	memset(starts + space.size, 0, space.size * sizeof(*maps));
	memcpy(starts + space.size, maps, n * sizeof(*maps));
	return place;
}

static inline void set_slot(struct fixture *f, uint64_t hash, uint32_t probe, uint32_t place)
{
	f->engine.spaces[((uint32_t)hash + probe) & (ABI_SPACE_SLOTS - 1)] =
		place ? (hash >> 32 << 32) | place : 0;
}

static inline void publish(struct fixture *f, const struct abi_map *maps, uint32_t n)
{
	set_slot(f, hash_of(TGID), 0, make_space(f, TGID, maps, n));
}

/* What most tests walk in. */
static inline void publish_usual(struct fixture *f)
{
	const struct abi_map maps[] = {
		map_file(f, TEXT),
		map_file(f, TEXT_AGAIN),
		{.start = JIT, .end = JIT + MAPPED, .kind = MAP_BARE},
		{.start = DEFERRED, .end = DEFERRED + MAPPED, .kind = MAP_DEFER},
	};

	publish(f, maps, 4);
}

static inline uint64_t stack_at(const struct fixture *f, size_t word)
{
	return (uint64_t)(uintptr_t)f->stack + STACK_AT + 8 * word;
}

static inline void put_word(const struct fixture *f, size_t word, uint64_t value)
{
	memcpy(f->stack + STACK_AT + 8 * word, &value, 8);
}

/* A sample of the process, interrupted at `ip`. */
static inline void begin(struct fixture *f, uint64_t ip)
{
	struct walk *walk = &f->walk;

	/* What the last walk left is not looked at. */
	memset(walk, 0x5a, sizeof(*walk));
	walk->map = (struct abi_map){.end = UINT64_MAX, .kind = MAP_BARE};
	memset(walk, 0, offsetof(struct walk, space));
	memset(walk->kernel_hash, 0, sizeof(walk->kernel_hash));
	walk->start_ns = START_NS;
	walk->tgid = TGID;
	walk->exec = EXEC;
	walk->mm_state = MM_STATE;
	walk->start[STEP_REG_SP] = stack_at(f, 0);
	walk->start[16] = ip;
	walk->compared = NOT_DEFERRED;
}

/* Was the sample handed over? Neither way leads further here, and both are counted. */
static inline bool run(struct fixture *f)
{
	uint64_t before = engine_counter(&f->engine, 0, COUNTER_tail_call_failed);

	engine_put(&f->engine, &f->walk);
	engine_run(&f->engine, ENGINE_UNWIND);
	engine_get(&f->engine, &f->walk);
	assert_int_equal(engine_counter(&f->engine, 0, COUNTER_tail_call_failed), before + 1);
	return f->walk.compared != NOT_DEFERRED;
}

#endif
