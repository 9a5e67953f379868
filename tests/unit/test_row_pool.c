// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "made_memory.h"

#define CHUNKS (ROW_POOL_MAPPED + 4)

static struct made_memory memory;
static struct row_pool pool;

static int setup(void **state)
{
	const struct row_pool_backing backing = made_backing(&memory, CHUNKS);

	(void)state;
	made_memory_init(&memory, 2);
	return row_pool_init(&pool, &backing);
}

static int teardown(void **state)
{
	(void)state;
	row_pool_release(&pool);
	made_memory_release(&memory);
	return 0;
}

static uint32_t take(void)
{
	uint32_t number = UINT32_MAX;

	assert_int_equal(row_pool_take(&pool, &number), 0);
	return number;
}

static void take_chunks(uint32_t chunks)
{
	for (uint32_t i = 0; i < chunks * ABI_CHUNK_PAGES; i++)
		assert_int_equal(take(), i);
}

/* Tells a page from every other one. */
static void fill(uint32_t number, uint32_t salt)
{
	struct abi_row *rows = row_pool_page(&pool, number);

	assert_non_null(rows);
	for (uint32_t i = 0; i < ABI_ROWS; i++)
		rows[i] = (struct abi_row){(uint16_t)(number + salt), (uint16_t)i};
}

static void check_rows(const struct abi_row *rows, uint32_t number, uint32_t salt)
{
	assert_non_null(rows);
	for (uint32_t i = 0; i < ABI_ROWS; i++) {
		assert_int_equal(rows[i].offset, (uint16_t)(number + salt));
		assert_int_equal(rows[i].rule, i);
	}
}

static void test_pages_across_chunks(void **state)
{
	struct abi_row rows[ABI_ROWS];

	(void)state;
	take_chunks(3);
	assert_int_equal(memory.created, 3);
	assert_int_equal(pool.created, 3);
	assert_int_equal(pool.pages, 3 * ABI_CHUNK_PAGES);
	for (uint32_t i = 0; i < 3 * ABI_CHUNK_PAGES; i++)
		fill(i, 5);
	for (uint32_t i = 0; i < 3 * ABI_CHUNK_PAGES; i++) {
		check_rows(row_pool_page(&pool, i), i, 5);
		made_read_page(&memory, i, rows); /* what the other side sees */
		check_rows(rows, i, 5);
	}
}

static void test_numbers_are_reused(void **state)
{
	static const uint32_t given[] = {63, 64, 0, 127, 128 + 5, 256};

	(void)state;
	take_chunks(3);
	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++) {
		row_pool_give(&pool, given[i]);
		assert_int_equal(pool.pages, 3 * ABI_CHUNK_PAGES - 1);
		assert_int_equal(take(), given[i]);
	}
	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++)
		row_pool_give(&pool, given[i]);
	assert_int_equal(take(), 0); /* the lowest first */
	assert_int_equal(take(), 63);
	assert_int_equal(take(), 64);
	assert_int_equal(take(), 127);
	assert_int_equal(take(), 128 + 5);
	assert_int_equal(take(), 256);
	assert_int_equal(take(), 3 * ABI_CHUNK_PAGES);
	assert_int_equal(memory.created, 4);
}

static void test_failing_backing(void **state)
{
	uint32_t number = 77;

	(void)state;
	memory.fail = -EMFILE;
	assert_int_equal(row_pool_take(&pool, &number), -EMFILE);
	assert_int_equal(number, 77);
	assert_int_equal(pool.pages + pool.created, 0);
	memory.fail = 0;
	take_chunks(1);
	memory.fail = -ENOMEM;
	assert_int_equal(row_pool_take(&pool, &number), -ENOMEM);
	assert_int_equal(pool.created, 1);
	row_pool_give(&pool, 9);
	assert_int_equal(take(), 9); /* what is there is not touched by it */
	memory.fail = 0;
	assert_int_equal(take(), ABI_CHUNK_PAGES);
}

/* A descriptor that cannot be mapped. */
static int create_unmappable(void *context, uint32_t chunk)
{
	(void)context;
	(void)chunk;
	return open("/dev/null", O_WRONLY | O_CLOEXEC);
}

static void test_unmappable(void **state)
{
	const struct row_pool_backing backing = {.create = create_unmappable, .chunks = 2};
	struct row_pool bad;
	uint32_t number;

	(void)state;
	assert_int_equal(row_pool_init(&bad, &backing), 0);
	assert_int_equal(row_pool_take(&bad, &number), 0);
	assert_null(row_pool_page(&bad, number));
	assert_int_equal(bad.mapped, 0);
	row_pool_give(&bad, number);
	row_pool_release(&bad);
}

/* To take a chunk back from the kernel side would wait for it. */
static void test_empty_chunks_stay(void **state)
{
	(void)state;
	take_chunks(3);
	for (uint32_t i = ABI_CHUNK_PAGES; i < 2 * ABI_CHUNK_PAGES; i++) {
		assert_int_equal(row_pool_room(&pool), pool.backing.chunks * ABI_CHUNK_PAGES - pool.pages);
		row_pool_give(&pool, i);
	}
	assert_int_equal(pool.created, 3);
	for (uint32_t i = ABI_CHUNK_PAGES; i < 2 * ABI_CHUNK_PAGES; i++)
		assert_int_equal(take(), i);
	assert_int_equal(memory.created, 3);
}

/* In whatever order chunks are looked into, few are mapped and none forgets. */
static void test_few_are_mapped(void **state)
{
	static const uint32_t strides[] = {1, 3, 7, CHUNKS - 1};

	(void)state;
	take_chunks(CHUNKS);
	for (uint32_t i = 0; i < CHUNKS; i++) {
		fill(i * ABI_CHUNK_PAGES + i, 1);
		assert_int_equal(pool.mapped, i < ROW_POOL_MAPPED ? i + 1 : ROW_POOL_MAPPED);
	}
	for (size_t s = 0; s < sizeof(strides) / sizeof(*strides); s++) {
		for (uint32_t i = 0; i < 3 * CHUNKS; i++) {
			uint32_t chunk = i * strides[s] % CHUNKS;
			uint32_t number = chunk * ABI_CHUNK_PAGES + chunk;

			check_rows(row_pool_page(&pool, number), number, 1);
			assert_int_equal(pool.mapped, ROW_POOL_MAPPED);
		}
	}
}

/* Which chunk goes: the one that was not looked into for longest. */
static void test_last_used_stay_mapped(void **state)
{
	(void)state;
	take_chunks(CHUNKS);
	for (uint32_t i = 0; i < ROW_POOL_MAPPED; i++)
		row_pool_page(&pool, i * ABI_CHUNK_PAGES);
	row_pool_page(&pool, 0);
	row_pool_page(&pool, 2 * ABI_CHUNK_PAGES);
	row_pool_page(&pool, ROW_POOL_MAPPED * ABI_CHUNK_PAGES);
	row_pool_page(&pool, (ROW_POOL_MAPPED + 1) * ABI_CHUNK_PAGES);
	for (uint32_t i = 0; i < CHUNKS; i++)
		assert_int_equal(pool.chunks[i].rows != NULL, i < ROW_POOL_MAPPED + 2 && i != 1 && i != 3);
}

static void test_limit(void **state)
{
	uint32_t number = 77;

	(void)state;
	take_chunks(CHUNKS);
	for (int i = 0; i < 2; i++)
		assert_int_equal(row_pool_take(&pool, &number), -ENOSPC);
	assert_int_equal(number, 77);
	assert_int_equal(pool.pages, CHUNKS * ABI_CHUNK_PAGES);
	row_pool_give(&pool, 300);
	assert_int_equal(take(), 300);
	assert_int_equal(row_pool_take(&pool, &number), -ENOSPC);
	assert_int_equal(memory.created, CHUNKS);
}

/* Memory files, as the host has them without a kernel side. */
static void test_files(void **state)
{
	const struct row_pool_backing backing = row_pool_files();
	struct row_pool files;
	uint32_t number;

	(void)state;
	assert_int_equal(backing.chunks, ABI_CHUNKS);
	assert_int_equal(row_pool_init(&files, &backing), 0);
	for (uint32_t i = 0; i <= ABI_CHUNK_PAGES; i++) {
		assert_int_equal(row_pool_take(&files, &number), 0);
		assert_int_equal(number, i);
		row_pool_page(&files, i)->rule = (uint16_t)(i + 1);
	}
	for (uint32_t i = 0; i <= ABI_CHUNK_PAGES; i++)
		assert_int_equal(row_pool_page(&files, i)->rule, i + 1);
	row_pool_release(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pages_across_chunks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers_are_reused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failing_backing, setup, teardown),
		cmocka_unit_test(test_unmappable),
		cmocka_unit_test_setup_teardown(test_empty_chunks_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(test_few_are_mapped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_last_used_stay_mapped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
