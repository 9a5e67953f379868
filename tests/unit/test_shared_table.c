// SPDX-License-Identifier: GPL-2.0-or-later
/* A shared table says the same as the table that it was made of, and so does a search as the kernel's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "made_memory.h"
#include "unwind/shared_table.h"

#define WORDS (1U << 20)
#define CHUNKS 24
#define BASE 0x401230ULL

static struct made_memory memory;
static struct row_pool pool;

static int setup(void **state)
{
	const struct row_pool_backing backing = made_backing(&memory, CHUNKS);

	(void)state;
	made_memory_init(&memory, WORDS);
	return row_pool_init(&pool, &backing);
}

static int teardown(void **state)
{
	(void)state;
	row_pool_release(&pool);
	made_memory_release(&memory);
	return 0;
}

/* A table of `n` rows, made as unwind_table.c makes it: the last one ends the code. */
struct made_table {
	struct unwind_table table;
	uint32_t used; /* of the last page */
};

static struct abi_row *page_of(const struct made_table *made, uint32_t page)
{
	return &made->table.rows[(size_t)page * ABI_ROWS];
}

static void new_page(struct made_table *made, uint64_t start)
{
	struct unwind_table *table = &made->table;
	uint32_t page = table->pages++;

	table->rows = realloc(table->rows, table->pages * ROW_POOL_PAGE);
	table->bases = realloc(table->bases, table->pages * sizeof(*table->bases));
	for (unsigned i = 0; i < ABI_ROWS; i++)
		page_of(made, page)[i] = (struct abi_row){ABI_ROW_UNUSED, 0};
	table->bases[page] = start;
	made->used = 0;
}

static void put_row(struct made_table *made, uint64_t start, uint16_t rule)
{
	struct unwind_table *table = &made->table;

	if (!table->pages || made->used == ABI_ROWS ||
		start - table->bases[table->pages - 1] >= ABI_ROW_UNUSED)
		new_page(made, start);
	page_of(made, table->pages - 1)[made->used++] = (struct abi_row){
		(uint16_t)(start - table->bases[table->pages - 1]), rule};
	table->n_rows++;
}

/* `rows` of them, `step` apart. */
static struct unwind_table make_table(uint32_t rows, uint64_t step)
{
	struct made_table made = {0};

	for (uint32_t i = 0; i < rows; i++)
		put_row(&made, BASE + i * step, i + 1 < rows ? (uint16_t)(1 + i % 1009) : 0);
	return made.table;
}

static struct abi_map map_of(const struct shared_table *shared)
{
	return (struct abi_map){.bias = -shared->base, .pages = shared->pages,
		.blocks = shared->blocks, .n_blocks = shared->n_blocks, .kind = MAP_TABLE};
}

/* Both searches at an address; the kernel's is slow here, and asked now and then. */
static void check_at(const struct unwind_table *table, const struct shared_table *shared, uint64_t address, bool both)
{
	uint16_t rule = unwind_table_find(table, address);
	struct abi_map map = map_of(shared);

	if (shared_table_find(shared, &memory.arena, &pool, address) != rule)
		fail_msg("at %#lx: not %u", address, rule);
	if (both && made_find(&memory, &map, address) != rule)
		fail_msg("at %#lx by the kernel's search: not %u", address, rule);
}

static void check_rows(const struct unwind_table *table, const struct shared_table *shared)
{
	uint64_t every = 1 + table->n_rows / 10000, n = 0;

	for (uint32_t page = 0; page < table->pages; page++) {
		const struct abi_row *rows = &table->rows[(size_t)page * ABI_ROWS];

		for (uint32_t i = 0; i < ABI_ROWS && rows[i].offset != ABI_ROW_UNUSED; i++) {
			uint64_t address = table->bases[page] + rows[i].offset;
			bool both = n++ % every == 0 || i == 0 || i == ABI_ROWS - 1;

			check_at(table, shared, address - 1, both);
			check_at(table, shared, address, both);
			check_at(table, shared, address + 1, both);
		}
	}
	assert_int_equal(n, table->n_rows);
}

static void check_outside(const struct unwind_table *table, const struct shared_table *shared)
{
	uint64_t base = table->bases[0], last = table->bases[table->pages - 1] + 0xffff;
	const uint64_t addresses[] = {0, 1, base - 1, base - 0x1000, base - 0x100000, last, last + 0x1000,
		last + 0x100000, base + (1ULL << 32), base + (1ULL << 32) + 5, base + (1ULL << 63), UINT64_MAX};

	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++)
		check_at(table, shared, addresses[i], true);
}

/* A block's page is the one that its first byte is in. */
static void check_index(const struct unwind_table *table, const struct shared_table *shared)
{
	const uint32_t *index = arena_piece(&memory.arena, shared->blocks);

	for (uint32_t block = 0; block < shared->n_blocks; block++) {
		uint64_t at = table->bases[0] + ((uint64_t)block << ABI_BLOCK_SHIFT);

		assert_true(index[block] < table->pages);
		assert_true(table->bases[index[block]] <= at);
		assert_true(index[block] + 1 == table->pages || table->bases[index[block] + 1] > at);
	}
}

static void check_empty(void)
{
	assert_int_equal(memory.arena.used, 0);
	assert_int_equal(pool.pages, 0);
}

static void check(const struct unwind_table *table)
{
	struct shared_table shared;

	assert_int_equal(shared_table_init(&shared, table, &memory.arena, &pool), 0);
	assert_int_equal(shared.n_pages, table->pages);
	assert_int_equal(shared.n_rows, table->n_rows);
	assert_int_equal(pool.pages, table->pages);
	assert_int_equal(shared_table_bytes(&shared),
		table->pages * ROW_POOL_PAGE + memory.arena.used * sizeof(uint64_t));
	check_index(table, &shared);
	check_rows(table, &shared);
	check_outside(table, &shared);
	shared_table_release(&shared, &memory.arena, &pool);
	assert_int_equal(shared.pages, 0);
	check_empty();
	shared_table_release(&shared, &memory.arena, &pool); /* there is none: nothing happens */
	check_empty();
}

static const struct {
	uint32_t rows;
	uint64_t step;
} made[] = {
	{20000, 1},     /* a row a byte: eight pages begin in a block */
	{5000, 7},      {5000, 8}, /* a page a block, beginning with it */
	{5000, 9},      {1, 1},      {2, 1}, {2, 0xfffe}, {2, 0xffff}, {2, 0x10000},
	{511, 8},       {512, 8},    {513, 8}, {512, 1}, {513, 1}, {1024, 8}, {1025, 8},
	{512, 127},     {512, 128},  {513, 128}, {600, 129}, /* full by rows or by bytes */
	{300, 0x10000}, {300, 0x1000}, {300, 0xfff}, {300, 0x1001}, /* a row in many blocks */
	{40, 0x100000}, {16, 0x8000000},
};

static void test_made(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++) {
		struct unwind_table table = make_table(made[i].rows, made[i].step);

		check(&table);
		unwind_table_release(&table);
	}
}

/* Rows that are dense here and sparse there. */
static void test_uneven(void **state)
{
	struct made_table uneven = {0};
	uint64_t at = BASE;

	(void)state;
	for (uint32_t i = 0; i < 3000; i++) {
		put_row(&uneven, at, (uint16_t)(1 + i % 251));
		at += i % 700 < 600 ? 1 : i % 7 * 0x1234 + 1;
	}
	put_row(&uneven, at, 0);
	check(&uneven.table);
	unwind_table_release(&uneven.table);
}

static void test_real_files(void **state)
{
	static const char *const paths[] = {"/proc/self/exe", "/bin/bash", "/lib/x86_64-linux-gnu/libc.so.6"};
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);
		struct unwind_table table;
		struct rules rules;

		if (fd < 0)
			continue;
		assert_int_equal(rules_init(&rules, NULL), 0);
		assert_int_equal(unwind_table_init(&table, fd, &rules), 0);
		check(&table);
		unwind_table_release(&table);
		rules_release(&rules);
		close(fd);
		seen++;
	}
	assert_true(seen > 0);
}

/* A file with more than 4 GiB of text: its pages cannot be told by 32 bits. */
static void test_too_wide(void **state)
{
	static const struct {
		uint64_t last; /* row */
		int err;
	} spans[] = {
		{0xffffefffULL, 0}, {0xfffff000ULL, -E2BIG}, {0xfffffffeULL, -E2BIG},
		{0xffffffffULL, -E2BIG}, {0x100000000ULL, -E2BIG}, {0x7fffffffffffULL, -E2BIG},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(spans) / sizeof(*spans); i++) {
		struct unwind_table table = make_table(2, spans[i].last);
		struct shared_table shared = {.n_rows = 77};

		assert_int_equal(shared_table_init(&shared, &table, &memory.arena, &pool), spans[i].err);
		if (spans[i].err) {
			assert_int_equal(shared.n_rows, 77);
		} else {
			check_rows(&table, &shared);
			shared_table_release(&shared, &memory.arena, &pool);
		}
		check_empty();
		unwind_table_release(&table);
	}
}

/* Every size of arena that is too small for the list, or for the index behind it. */
static void test_no_room_in_arena(void **state)
{
	struct unwind_table table = make_table(1500, 0x100);
	struct shared_table shared = {.n_rows = 77};
	uint32_t words = 1;
	struct arena small;

	(void)state;
	for (;; words++) {
		int err;

		assert_int_equal(arena_init(&small, memory.words, words), 0);
		err = shared_table_init(&shared, &table, &small, &pool);
		if (!err)
			break;
		assert_int_equal(err, -ENOSPC);
		assert_int_equal(shared.n_rows, 77);
		assert_int_equal(small.used, 0);
		assert_int_equal(small.n_holes ? small.holes[0].words : 0, words - 1);
		check_empty();
		arena_release(&small);
	}
	assert_int_equal(small.used, words - 1); /* it is the least that is enough */
	shared_table_release(&shared, &small, &pool);
	arena_release(&small);
	unwind_table_release(&table);
}

/* Room for all pages but the last few. */
static void test_no_room_in_pool(void **state)
{
	struct unwind_table table = make_table(3000, 8);
	uint32_t number, all = CHUNKS * ABI_CHUNK_PAGES;
	struct shared_table shared = {.n_rows = 77};

	(void)state;
	for (uint32_t i = 0; i < all; i++)
		assert_int_equal(row_pool_take(&pool, &number), 0);
	for (uint32_t room = 0; room < table.pages; room++) {
		assert_int_equal(shared_table_init(&shared, &table, &memory.arena, &pool), -ENOSPC);
		assert_int_equal(shared.n_rows, 77);
		assert_int_equal(memory.arena.used, 0);
		assert_int_equal(pool.pages, all - room);
		row_pool_give(&pool, room * 3);
	}
	assert_int_equal(shared_table_init(&shared, &table, &memory.arena, &pool), 0);
	assert_int_equal(pool.pages, all);
	check_rows(&table, &shared);
	unwind_table_release(&table);
}

static void test_failing_chunk(void **state)
{
	struct unwind_table table = make_table(200 * ABI_ROWS, 8); /* two chunks */
	struct shared_table shared = {.n_rows = 77};

	(void)state;
	memory.fail = -EPERM;
	assert_int_equal(shared_table_init(&shared, &table, &memory.arena, &pool), -EPERM);
	assert_int_equal(shared.n_rows, 77);
	check_empty();
	unwind_table_release(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_made, setup, teardown),
		cmocka_unit_test_setup_teardown(test_uneven, setup, teardown),
		cmocka_unit_test_setup_teardown(test_real_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_wide, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_room_in_arena, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_room_in_pool, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failing_chunk, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
