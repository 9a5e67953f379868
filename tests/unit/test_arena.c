// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "unwind/arena.h"

#define WORDS 512

static uint64_t words[WORDS];
static struct arena arena;

/* What is free, word by word. */
static bool taken[WORDS];

static int setup(void **state)
{
	(void)state;
	memset(taken, 0, sizeof(taken));
	taken[0] = true; /* 0 is no place */
	return arena_init(&arena, words, WORDS);
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static void mark(uint32_t place, uint32_t n, bool as)
{
	for (uint32_t i = place; i < place + n; i++) {
		assert_true(i < WORDS);
		assert_int_equal(taken[i], !as);
		taken[i] = as;
	}
}

static uint32_t take(uint32_t n)
{
	uint32_t place = arena_take(&arena, n);

	if (place)
		mark(place, n, true);
	return place;
}

static void give(uint32_t place, uint32_t n)
{
	arena_give(&arena, place, n);
	mark(place, n, false);
}

/* The length of the run of free words at `at`. */
static uint32_t free_run(uint32_t at)
{
	uint32_t n = 0;

	while (at + n < WORDS && !taken[at + n])
		n++;
	return n;
}

/* The holes are the free runs, and nothing else. */
static void check(void)
{
	uint32_t holes = 0, used = 0;

	for (uint32_t at = 1; at < WORDS;) {
		uint32_t n = free_run(at);

		used += !n;
		if (n) {
			assert_true(holes < arena.n_holes);
			assert_int_equal(arena.holes[holes].place, at);
			assert_int_equal(arena.holes[holes++].words, n);
		}
		at += n ? n : 1;
	}
	assert_int_equal(arena.n_holes, holes);
	assert_int_equal(arena.used, used);
}

static void test_take_and_give(void **state)
{
	uint32_t a, b;

	(void)state;
	check();
	a = take(10);
	b = take(1);
	assert_int_not_equal(a, 0);
	assert_int_not_equal(b, 0);
	check();
	assert_ptr_equal(arena_piece(&arena, b), &words[b]);
	give(a, 10);
	check();
	assert_int_equal(take(10), a); /* at once again */
	give(b, 1);
	give(a, 10);
	check();
	assert_int_equal(arena.used, 0);
}

static void test_nothing(void **state)
{
	(void)state;
	assert_int_equal(take(0), 0);
	arena_give(&arena, 0, 10);
	check();
	assert_int_equal(arena.used, 0);
}

static void test_exhaustion(void **state)
{
	(void)state;
	assert_int_equal(take(WORDS), 0);
	assert_int_equal(take(UINT32_MAX), 0);
	assert_int_equal(take(WORDS - 1), 1);
	assert_int_equal(arena.n_holes, 0);
	assert_int_equal(take(1), 0);
	give(1, WORDS - 1);
	check();
	for (uint32_t i = 1; i < WORDS; i++)
		assert_int_equal(take(1), i);
	assert_int_equal(take(1), 0);
	give(WORDS - 1, 1); /* the last word */
	give(1, 1);         /* and the first */
	check();
	assert_int_equal(take(2), 0); /* two words free, not side by side */
	assert_int_equal(take(1), 1);
	assert_int_equal(take(1), WORDS - 1);
}

/* More holes than the list has room for at first. */
static void test_many_holes(void **state)
{
	(void)state;
	take(WORDS - 1);
	for (uint32_t i = 1; i < WORDS; i += 2)
		give(i, 1);
	assert_int_equal(arena.n_holes, WORDS / 2);
	check();
	for (uint32_t i = 2; i < WORDS; i += 2) {
		give(i, 1);
		check();
	}
	assert_int_equal(arena.n_holes, 1);
}

#define PIECES 5
#define ORDERS 120 /* 5! */

/* The n-th order of the pieces (factorial number system). */
static void order_of(unsigned n, unsigned *order)
{
	unsigned left[PIECES] = {0, 1, 2, 3, 4};

	for (unsigned i = 0; i < PIECES; i++) {
		unsigned pick = n % (PIECES - i);

		n /= PIECES - i;
		order[i] = left[pick];
		memmove(&left[pick], &left[pick + 1], (PIECES - pick - 1) * sizeof(*left));
	}
}

static void test_joins_in_every_order(void **state)
{
	static const uint32_t sizes[PIECES] = {1, 7, 100, 2, WORDS - 1 - 110};

	(void)state;
	for (unsigned n = 0; n < ORDERS; n++) {
		uint32_t places[PIECES];
		unsigned order[PIECES];

		order_of(n, order);
		for (unsigned i = 0; i < PIECES; i++)
			places[i] = take(sizes[i]);
		assert_int_equal(arena.n_holes, 0);
		for (unsigned i = 0; i < PIECES; i++) {
			give(places[order[i]], sizes[order[i]]);
			check();
		}
		assert_int_equal(arena.n_holes, 1);
		assert_int_equal(arena.holes[0].words, WORDS - 1);
	}
}

static uint32_t next_random(void)
{
	static uint64_t seed = 0x9e3779b97f4a7c15ULL;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32);
}

static uint32_t longest_run(void)
{
	uint32_t longest = 0;

	for (uint32_t at = 1; at < WORDS; at++)
		longest = free_run(at) > longest ? free_run(at) : longest;
	return longest;
}

/* A piece is refused only when no run of free words is long enough. */
static void test_random(void **state)
{
	struct {
		uint32_t place, words;
	} held[WORDS];
	uint32_t n = 0, refused = 0;

	(void)state;
	for (unsigned step = 0; step < 20000; step++) {
		uint32_t size = 1 + next_random() % (step & 1024 ? 4 : 60), i;
		uint32_t longest = longest_run();

		if (next_random() % 5 < (step & 512 ? 3 : 2)) {
			held[n].place = take(size);
			held[n].words = size;
			assert_int_equal(held[n].place != 0, size <= longest);
			refused += !held[n].place;
			n += held[n].place != 0;
		} else if (n) {
			i = next_random() % n;
			give(held[i].place, held[i].words);
			held[i] = held[--n];
		}
		check();
	}
	assert_true(refused > 100);
	while (n--)
		give(held[n].place, held[n].words);
	check();
	assert_int_equal(arena.used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_take_and_give, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exhaustion, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_holes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_joins_in_every_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
