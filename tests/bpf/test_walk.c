// SPDX-License-Identifier: GPL-2.0-or-later
/* The frame-pointer walk over hand-made stacks in the test's own memory, run by the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine.h"
#include "maps.bpf.h"

#define PAGE 4096UL
#define PAGES 64UL
#define IP(i) (0x400000UL + (uint64_t)(i) * 16)
#define CALL(i) (IP(i) - ((i) > 0)) /* what is kept: a return address less one */

struct fixture {
	struct engine engine;
	char *stack; /* PAGES pages, all present */
	struct walk walk;
};

static int setup(void **state)
{
	const struct abi_settings wanted = {
		.slots = 64, .entries = 16, .words = 1024, .banks = 2};
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	engine_open(&fixture->engine, &wanted);
	fixture->stack = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	assert_ptr_not_equal(fixture->stack, MAP_FAILED);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	munmap(fixture->stack, PAGES * PAGE);
	engine_close(&fixture->engine);
	free(fixture);
	return 0;
}

static uint64_t address(const struct fixture *fixture, size_t at)
{
	return (uint64_t)(uintptr_t)fixture->stack + at;
}

static void frame(struct fixture *fixture, size_t at, uint64_t caller_fp, uint64_t caller_ip)
{
	memcpy(fixture->stack + at, &caller_fp, 8);
	memcpy(fixture->stack + at + 8, &caller_ip, 8);
}

/* `callers` frames, `gap` bytes apart from offset `at` on; the last one ends the chain. */
static void chain(struct fixture *fixture, size_t at, unsigned callers, size_t gap)
{
	for (unsigned i = 1; i <= callers; i++, at += gap)
		frame(fixture, at, address(fixture, at + gap), IP(i));
	frame(fixture, at, 0, 0);
}

/* As sample_cpu and defer leave it: the kernel's frames and the user's registers are there. */
static void begin(struct fixture *fixture, uint32_t n_kernel, uint64_t sp, uint64_t fp)
{
	struct walk *walk = &fixture->walk;

	memset(walk, 0, sizeof(*walk));
	for (uint32_t i = 0; i < n_kernel; i++)
		walk->frames[i] = 0xffffffff81000000UL + i;
	walk->n_kernel = n_kernel;
	walk->start[STEP_REG_FP] = fp;
	walk->start[STEP_REG_SP] = sp;
	walk->start[16] = IP(0);
	walk->undeferred = 1; /* no space is published */
}

static void run(struct fixture *fixture)
{
	engine_put(&fixture->engine, &fixture->walk);
	engine_run(&fixture->engine, ENGINE_UNWIND);
	engine_get(&fixture->engine, &fixture->walk);
}

static void run_at(struct fixture *fixture, size_t at)
{
	begin(fixture, 0, address(fixture, at), address(fixture, at));
	run(fixture);
}

static void expect(const struct fixture *fixture, uint32_t callers, uint32_t cut)
{
	const struct walk *walk = &fixture->walk;
	uint64_t hash[2] = {0, 0};

	assert_int_equal(walk->cut, cut);
	assert_int_equal(walk->by_fp, callers);
	assert_int_equal(walk->n_frames, walk->n_kernel + 1 + callers);
	for (uint32_t i = 0; i <= callers; i++)
		assert_int_equal(walk->frames[walk->n_kernel + i], CALL(i));
	for (uint32_t i = 0; i <= callers; i++) {
		hash[0] = mix(hash[0], CALL(i), MIX_A);
		hash[1] = mix(hash[1], CALL(i), MIX_B);
	}
	assert_int_equal(walk->hash[0], hash[0]);
	assert_int_equal(walk->hash[1], hash[1]);
	assert_int_equal(walk->flags & ENTRY_UNVERIFIED, ENTRY_UNVERIFIED);
}

static void test_chains(void **state)
{
	static const struct {
		unsigned callers;
		size_t at, gap;
	} rows[] = {
		{0, 0, 16}, {1, 0, 16}, {3, 0, 16}, {3, 4088, 16}, /* a frame across pages */
		{23, 0, 16}, {24, 0, 16}, {25, 0, 16}, {47, 0, 16}, {48, 0, 16}, /* ends of a run */
		{40, 8, 5000}, {60, 4080, 4096}, {30, 4088, 8192}, /* a window a frame, or two */
		{600, 0, 16}, {600, 8, 400}, {639, 0, 16}, {639, 4088, 272},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		chain(*state, rows[i].at, rows[i].callers, rows[i].gap);
		run_at(*state, rows[i].at);
		expect(*state, rows[i].callers, 0);
	}
}

/* The interrupted frame is one of ABI_USER_FRAMES. */
static void test_depth(void **state)
{
	static const unsigned deeper[] = {ABI_USER_FRAMES, ABI_USER_FRAMES + 1, ABI_USER_FRAMES + 60, ABI_USER_FRAMES + 260};

	for (size_t i = 0; i < sizeof(deeper) / sizeof(*deeper); i++) {
		chain(*state, 0, deeper[i], 16);
		run_at(*state, 0);
		expect(*state, ABI_USER_FRAMES - 1, COUNTER_depth_limit);
	}
}

static void test_depth_below_kernel_frames(void **state)
{
	struct fixture *fixture = *state;

	chain(fixture, 0, ABI_USER_FRAMES - 1, 16);
	begin(fixture, ABI_KERNEL_FRAMES, address(fixture, 0), address(fixture, 0));
	run(fixture);
	expect(fixture, ABI_USER_FRAMES - 1, 0);
	assert_int_equal(fixture->walk.n_frames, ABI_FRAMES - 1);
	chain(fixture, 0, ABI_USER_FRAMES, 16);
	begin(fixture, ABI_KERNEL_FRAMES, address(fixture, 0), address(fixture, 0));
	run(fixture);
	expect(fixture, ABI_USER_FRAMES - 1, COUNTER_depth_limit);
	assert_int_equal(fixture->walk.frames[0], 0xffffffff81000000UL);
}

/* Registers that cannot be of code with a frame pointer. */
static void test_bad_registers(void **state)
{
	struct fixture *fixture = *state;
	uint64_t here = address(fixture, 0);
	const struct {
		uint64_t sp, fp;
		uint32_t cut;
	} rows[] = {
		{here, 0, 0},
		{here, here + 1, COUNTER_no_unwind_info},
		{here, here + 4, COUNTER_no_unwind_info},
		{here + 16, here + 8, COUNTER_no_unwind_info},
		{here, here - 8, COUNTER_no_unwind_info},
		{here, here + (8UL << 20) + 8, COUNTER_no_unwind_info},
		{0, here, COUNTER_no_unwind_info},
		{0, 8, COUNTER_stack_paged_out},
		{UINT64_MAX - 15, UINT64_MAX - 7, COUNTER_stack_paged_out},
		{1UL << 55, 1UL << 55, COUNTER_stack_paged_out},
		{0xffffffff81000000UL, 0xffffffff81000000UL, COUNTER_stack_paged_out},
	};

	chain(fixture, 0, 3, 16);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		begin(fixture, 0, rows[i].sp, rows[i].fp);
		run(fixture);
		expect(fixture, 0, rows[i].cut);
	}
}

/* The third frame of a chain holds something else. */
static void test_bad_frames(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t next = address(fixture, 48);
	const struct {
		uint64_t caller_fp, caller_ip;
		uint32_t callers, cut;
	} rows[] = {
		{next, 0, 2, 0},
		{0, 0, 2, 0},
		{next, 1, 2, COUNTER_no_unwind_info},
		{next, 4095, 2, COUNTER_no_unwind_info},
		{next, 1UL << 56, 2, COUNTER_no_unwind_info},
		{next, 0xffffffff81000000UL, 2, COUNTER_no_unwind_info},
		{0, IP(3), 3, 0},
		{next, IP(3), 4, 0},
		{address(fixture, 32), IP(3), 3, COUNTER_no_unwind_info}, /* itself */
		{address(fixture, 0), IP(3), 3, COUNTER_no_unwind_info},  /* the first: a circle */
		{address(fixture, 40), IP(3), 3, COUNTER_no_unwind_info}, /* overlaps itself */
		{next + 3, IP(3), 3, COUNTER_no_unwind_info},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		chain(fixture, 0, 4, 16);
		frame(fixture, 32, rows[i].caller_fp, rows[i].caller_ip);
		run_at(fixture, 0);
		expect(fixture, rows[i].callers, rows[i].cut);
	}
}

/* A caller at the edges of what an address can be. */
static void test_edge_callers(void **state)
{
	static const uint64_t edges[] = {4096, (1UL << 47) - 1, 1UL << 47, (1UL << 56) - 1};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++) {
		frame(fixture, 0, 0, edges[i]);
		run_at(fixture, 0);
		assert_int_equal(fixture->walk.cut, 0);
		assert_int_equal(fixture->walk.n_frames, 2);
		assert_int_equal(fixture->walk.frames[1], edges[i] - 1);
	}
}

static void hide(struct fixture *fixture, size_t page, bool unmap)
{
	char *at = fixture->stack + page * PAGE;

	if (unmap)
		assert_int_equal(munmap(at, PAGE), 0);
	else
		assert_int_equal(mprotect(at, PAGE, PROT_NONE), 0);
}

static void show(struct fixture *fixture, size_t page)
{
	assert_ptr_not_equal(mmap(fixture->stack + page * PAGE, PAGE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0),
		MAP_FAILED);
}

/* A page in the middle is not there: what is before it is kept, and nothing of an older window is read. */
static void test_missing_page(void **state)
{
	struct fixture *fixture = *state;

	for (int unmap = 0; unmap < 2; unmap++) {
		chain(fixture, 0, 20, 512); /* eight frames a page */
		hide(fixture, 1, unmap);
		run_at(fixture, 0);
		expect(fixture, 8, COUNTER_stack_paged_out);
		show(fixture, 1);
		chain(fixture, 4088, 3, 16); /* only the return address is in the missing page */
		hide(fixture, 1, unmap);
		run_at(fixture, 4088);
		expect(fixture, 0, COUNTER_stack_paged_out);
		show(fixture, 1);
	}
}

/* Swapped out is the same as never touched: not present. */
static void test_untouched_page(void **state)
{
	struct fixture *fixture = *state;

	chain(fixture, 0, 20, 512);
	assert_int_equal(madvise(fixture->stack + PAGE, PAGE, MADV_DONTNEED), 0);
	run_at(fixture, 0);
	expect(fixture, 8, COUNTER_stack_paged_out);
}

/* What sample_cpu found wrong is not hidden by what the walk finds. */
static void test_earlier_cut_stays(void **state)
{
	struct fixture *fixture = *state;

	chain(fixture, 0, ABI_USER_FRAMES + 60, 16);
	begin(fixture, 0, address(fixture, 0), address(fixture, 0));
	fixture->walk.cut = COUNTER_kernel_stack_unreadable;
	run(fixture);
	expect(fixture, ABI_USER_FRAMES - 1, COUNTER_kernel_stack_unreadable);
}

/* The hand-over to emit, which is not loaded here, is counted. */
static void test_failed_tail_call(void **state)
{
	struct fixture *fixture = *state;
	uint64_t before = engine_counter(&fixture->engine, 0, COUNTER_tail_call_failed);

	chain(fixture, 0, 100, 16);
	run_at(fixture, 0);
	assert_int_equal(
		engine_counter(&fixture->engine, 0, COUNTER_tail_call_failed), before + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_depth_below_kernel_frames),
		cmocka_unit_test(test_bad_registers),
		cmocka_unit_test(test_bad_frames),
		cmocka_unit_test(test_edge_callers),
		cmocka_unit_test(test_missing_page),
		cmocka_unit_test(test_untouched_page),
		cmocka_unit_test(test_earlier_cut_stays),
		cmocka_unit_test(test_failed_tail_call),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
