// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hand-over to userspace, run by the kernel on a page fault of the test itself (a software event of period 1): the
 * `struct walk` says what the registers are and where the stack is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine.h"
#include "maps.bpf.h"

#define PAGE 4096UL
#define MOST ((size_t)ABI_DEFER_PAGES)
#define PAGES (MOST + 15)
#define AROUND (MOST + 1) /* pages that are not there, before and behind */
#define RING (32 * PAGE) /* room for one of the largest class */
_Static_assert(ABI_DEFER_PAGES > 16 && ABI_DEFER_PAGES < 32, "RING");

struct fixture {
	struct engine engine;
	char *stack; /* PAGES pages */
	struct walk walk;
	struct abi_deferred record; /* the last one taken, and its stack */
	uint8_t bytes[ABI_DEFER_PAGES * PAGE];
};

static int take(void *context, void *data, size_t size)
{
	struct fixture *fixture = context;

	assert_in_range(size, sizeof(fixture->record), sizeof(fixture->record) + sizeof(fixture->bytes));
	memcpy(&fixture->record, data, sizeof(fixture->record));
	assert_int_equal(size, sizeof(fixture->record) + fixture->record.stack_pages * PAGE);
	memcpy(fixture->bytes, (char *)data + sizeof(fixture->record), size - sizeof(fixture->record));
	return 0;
}

static int setup(void **state)
{
	const struct abi_settings wanted = {
		.slots = 64, .entries = 16, .words = 1024, .banks = 2};
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	char *memory = mmap(NULL, (PAGES + 2 * AROUND) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_non_null(fixture);
	assert_ptr_not_equal(memory, MAP_FAILED);
	fixture->stack = memory + AROUND * PAGE;
	engine_open_faulting(&fixture->engine, &wanted, RING);
	prctl(PR_SET_NAME, "deferrer");
	memset(fixture->bytes, 0, sizeof(fixture->bytes)); /* no fault there later */
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	munmap(fixture->stack - AROUND * PAGE, (PAGES + 2 * AROUND) * PAGE);
	engine_close(&fixture->engine);
	free(fixture);
	return 0;
}

static uint64_t at(const struct fixture *fixture, size_t offset)
{
	return (uint64_t)(uintptr_t)fixture->stack + offset;
}

/* Every word of the stack is its own address. Pages of `missing` (bits) are not there. */
static void lay(struct fixture *fixture, uint32_t missing)
{
	assert_ptr_not_equal(mmap(fixture->stack, PAGES * PAGE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0), MAP_FAILED);
	for (uint64_t offset = 0; offset < PAGES * PAGE; offset += 8)
		*(uint64_t *)(fixture->stack + offset) = at(fixture, offset);
	for (uint32_t page = 0; page < 32; page++)
		if (missing >> page & 1)
			madvise(fixture->stack + page * PAGE, PAGE, MADV_DONTNEED);
}

static void begin(struct fixture *fixture, uint64_t sp)
{
	struct walk *walk = &fixture->walk;

	memset(walk, 0, sizeof(*walk));
	walk->tgid = (uint32_t)getpid();
	walk->start_ns = 12345;
	walk->exec = 3;
	walk->mm_state = 77;
	walk->flags = ENTRY_USER_LEAF;
	walk->n_kernel = 2;
	walk->frames[0] = 0xffffffff81000001UL;
	walk->frames[1] = 0xffffffff81000002UL;
	walk->n_frames = 2;
	for (uint64_t i = 0; i < 17; i++)
		walk->start[i] = 0xb00 + i;
	walk->start[STEP_REG_SP] = sp;
	walk->start[STEP_REG_FP] = sp;
}

static char *fresh_page(void)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(page, MAP_FAILED);
	return page;
}

/* One page fault, on which the program runs. */
static void run(struct fixture *fixture)
{
	volatile char *page = fresh_page();

	engine_put(&fixture->engine, &fixture->walk);
	engine_arm(&fixture->engine, true);
	*page = 1;
	engine_arm(&fixture->engine, false);
	munmap((void *)page, PAGE);
}

static void drain(struct fixture *fixture, unsigned records)
{
	assert_int_equal(engine_deferred(&fixture->engine, take, fixture), records);
}

static uint64_t counted(const struct fixture *fixture, enum abi_counter counter)
{
	return engine_counter(&fixture->engine, 0, counter);
}

static void expect_copy(const struct fixture *fixture, uint64_t sp, uint32_t pages, uint32_t from, uint32_t len)
{
	const struct abi_deferred *record = &fixture->record;

	assert_int_equal(record->stack_at, sp & ~(PAGE - 1));
	assert_int_equal(record->stack_pages, pages);
	assert_int_equal(record->stack_from, from);
	assert_int_equal(record->stack_len, len);
	for (uint64_t offset = (from + 7) & ~7U; offset + 8 <= len; offset += 8)
		assert_int_equal(*(const uint64_t *)(fixture->bytes + offset), record->stack_at + offset);
}

static void test_copies(void **state)
{
	static const struct {
		size_t sp;          /* offset into the stack, of the red zone's end below sp */
		size_t start_stack; /* 0: another thread's */
		uint32_t missing;   /* pages */
		uint32_t pages, from, len;
	} rows[] = {
		/* another thread: the mapping's end is felt for, where the class changes */
		{0, 0, 0, MOST, 0, MOST * PAGE},
		{8, 0, 0, MOST, 8, MOST * PAGE},
		{PAGE - 8, 0, 0, MOST, PAGE - 8, MOST * PAGE},
		{(PAGES - MOST) * PAGE, 0, 0, MOST, 0, MOST * PAGE},
		{(PAGES - MOST + 1) * PAGE + 16, 0, 0, MOST, 16, (MOST - 1) * PAGE},
		{(PAGES - 10) * PAGE, 0, 0, MOST, 0, 10 * PAGE},
		{(PAGES - 9) * PAGE, 0, 0, 9, 0, 9 * PAGE},
		{(PAGES - 5) * PAGE, 0, 0, 9, 0, 5 * PAGE},
		{(PAGES - 4) * PAGE + 24, 0, 0, 4, 24, 4 * PAGE},
		{(PAGES - 3) * PAGE, 0, 0, 4, 0, 3 * PAGE},
		{(PAGES - 2) * PAGE, 0, 0, 2, 0, 2 * PAGE},
		{(PAGES - 1) * PAGE + 2048, 0, 0, 2, 2048, PAGE},
		{PAGES * PAGE - 8, 0, 0, 2, PAGE - 8, PAGE},
		/* the first thread: its top is known */
		{0, MOST * PAGE - 8, 0, MOST, 0, MOST * PAGE},
		{0, 9 * PAGE, 0, MOST, 0, MOST * PAGE},
		{0, 9 * PAGE - 8, 0, 9, 0, 9 * PAGE},
		{0, 4 * PAGE, 0, 9, 0, 9 * PAGE},
		{0, 4 * PAGE - 8, 0, 4, 0, 4 * PAGE},
		{40, 2 * PAGE, 0, 4, 40, 4 * PAGE},
		{40, 2 * PAGE - 8, 0, 2, 40, 2 * PAGE},
		{40, 48, 0, 2, 40, 2 * PAGE},
		{2 * PAGE, 8, 0, MOST, 0, MOST * PAGE}, /* a coroutine's, above it */
		/* pages that are not in */
		{16, 0, 1U << 3, MOST, 16, 3 * PAGE},
		{16, 0, 1U << 0, MOST, PAGE, MOST * PAGE},
		{16, 0, 3U << 0, MOST, PAGE, PAGE},
		{16, 0, 1U << 2, 2, 16, 2 * PAGE}, /* felt as the end */
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		lay(fixture, rows[i].missing);
		begin(fixture, at(fixture, rows[i].sp) + STEP_RED_ZONE);
		fixture->walk.start_stack = rows[i].start_stack ? at(fixture, rows[i].start_stack) : 0;
		run(fixture);
		drain(fixture, 1);
		expect_copy(fixture, at(fixture, rows[i].sp), rows[i].pages, rows[i].from, rows[i].len);
	}
}

static void test_entry_and_registers(void **state)
{
	struct fixture *fixture = *state;
	const struct abi_deferred *record = &fixture->record;
	uint64_t before = counted(fixture, COUNTER_taken);

	lay(fixture, 0);
	begin(fixture, at(fixture, 0));
	fixture->walk.in_syscall = 1;
	run(fixture);
	drain(fixture, 1);
	assert_int_equal(counted(fixture, COUNTER_taken), before + 1);
	assert_memory_equal(record->reg, fixture->walk.start, sizeof(record->reg));
	assert_int_equal(record->in_syscall, 1);
	assert_int_equal(record->compared, 0);
	assert_int_equal(record->kernel[0], 0xffffffff81000001UL);
	assert_int_equal(record->kernel[1], 0xffffffff81000002UL);
	assert_int_equal(record->entry.n_kernel, 2);
	assert_int_equal(record->entry.n_user, 0);
	assert_int_equal(record->entry.count, 1);
	assert_int_equal(record->entry.tgid, getpid());
	assert_int_equal(record->entry.start_ns, 12345);
	assert_int_equal(record->entry.exec, 3);
	assert_int_equal(record->entry.mm_state, 77);
	assert_int_equal(record->entry.cgroup, engine_cgroup());
	assert_int_equal(record->entry.first_ns, record->entry.last_ns);
	assert_string_equal(record->entry.comm, "deferrer");
}

/* Without room the sample is walked by frame pointer, and still taken. */
static void test_ring_full(void **state)
{
	struct fixture *fixture = *state;
	uint64_t taken = counted(fixture, COUNTER_taken), full = counted(fixture, COUNTER_deferred_ring_full);
	const unsigned runs = 4;

	lay(fixture, 0);
	for (unsigned i = 0; i < runs; i++) {
		begin(fixture, at(fixture, 0));
		run(fixture);
	}
	drain(fixture, 1);
	assert_int_equal(counted(fixture, COUNTER_taken), taken + runs);
	assert_int_equal(counted(fixture, COUNTER_deferred_ring_full), full + runs - 1);
}

static void test_notice(void **state)
{
	struct fixture *fixture = *state;
	struct abi_notice notice;

	while (engine_notice(&fixture->engine, &notice))
		;
	begin(fixture, at(fixture, 0));
	fixture->walk.start_ns = 999;
	run(fixture);
	drain(fixture, 1);
	assert_true(engine_notice(&fixture->engine, &notice));
	assert_int_equal(notice.kind, NOTICE_PROCESS);
	assert_int_equal(notice.tgid, getpid());
	assert_int_equal(notice.start_ns, 999);
	assert_int_equal(notice.mm_state, 77);
	assert_int_equal(notice.cgroup, engine_cgroup());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_entry_and_registers),
		cmocka_unit_test(test_ring_full),
		cmocka_unit_test(test_notice),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
