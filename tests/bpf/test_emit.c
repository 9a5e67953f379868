// SPDX-License-Identifier: GPL-2.0-or-later
/* Stacks into banks: what counts as equal, what happens when there is no room, what userspace is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "engine.h"
#include "maps.bpf.h"

#define CPU 1U           /* of the walk; has a bank below and above it */
#define BANKS 6U
#define BANK (CPU * 2)   /* of generation 0 */
#define GUARD 0xa5

static struct walk walk;
static struct engine engine;

static void open_with(uint32_t slots, uint32_t entries, uint32_t words)
{
	const struct abi_settings wanted = {
		.slots = slots, .entries = entries, .words = words, .banks = BANKS};

	engine_open(&engine, &wanted);
	prctl(PR_SET_NAME, "emitter");
}

static int setup(void **state)
{
	(void)state;
	open_with(1024, 256, 4096);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	engine_close(&engine);
	return 0;
}

static void rehash(void)
{
	walk.hash[0] = walk.hash[1] = 0;
	for (uint32_t i = 0; i < walk.n_frames; i++)
		walk_hash(&walk, walk.frames[i]);
}

/* A stack of n frames that no other seed makes. */
static void stack(uint64_t seed, uint32_t n)
{
	memset(&walk, 0, sizeof(walk));
	walk.cpu = CPU;
	walk.tgid = 77;
	walk.start_ns = 123456789;
	walk.exec = 3;
	walk.mm_state = 1000;
	walk.flags = ENTRY_USER_LEAF;
	walk.n_frames = n;
	walk.by_fp = n ? n - 1 : 0;
	for (uint32_t i = 0; i < n; i++)
		walk.frames[i] = 0x400000 + (seed << 12) + i;
	rehash();
}

static void emit(void)
{
	engine_put(&engine, &walk);
	engine_run(&engine, ENGINE_EMIT);
}

static uint64_t counted(enum abi_counter counter)
{
	return engine_counter(&engine, CPU, counter);
}

static const struct abi_entry *entry_of(uint32_t bank, uint32_t i)
{
	return &engine.entries[(size_t)bank * engine.settings.entries + i];
}

static void test_counted_up(void **state)
{
	const struct abi_entry *entry = entry_of(BANK, 0);
	uint64_t first;

	(void)state;
	stack(1, 5);
	walk.n_kernel = 2;
	emit();
	first = entry->first_ns;
	assert_int_equal(entry->last_ns, first);
	walk.mm_state = 1001;
	emit();
	emit();
	assert_int_equal(engine.banks[BANK].entries, 1);
	assert_int_equal(engine.banks[BANK].words, 5);
	assert_int_equal(entry->count, 3);
	assert_int_equal(entry->first_ns, first);
	assert_true(entry->last_ns > first);
	assert_int_equal(entry->mm_state, 1001);
	assert_int_equal(entry->tgid, 77);
	assert_int_equal(entry->start_ns, 123456789);
	assert_int_equal(entry->exec, 3);
	assert_int_equal(entry->n_kernel, 2);
	assert_int_equal(entry->n_user, 3);
	assert_int_equal(entry->by_fp, 4);
	assert_int_equal(entry->flags, ENTRY_USER_LEAF);
	assert_string_equal(entry->comm, "emitter");
	assert_memory_equal(engine_words(&engine, BANK) + entry->word, walk.frames, 5 * 8);
	assert_int_equal(counted(COUNTER_taken), 3);
	assert_int_equal(counted(COUNTER_stack_table_full), 0);
}

static void vary(unsigned what)
{
	stack(1, 5);
	prctl(PR_SET_NAME, what == 1 ? "emittex" : "emitter");
	walk.exec += what == 2;
	walk.cut = what == 3 ? COUNTER_corrupt : what == 4 ? COUNTER_depth_limit : 0;
	walk.flags |= what == 5 ? ENTRY_UNVERIFIED : 0;
	walk.tgid += what == 6;
	walk.start_ns += what == 7;
	walk.n_kernel = what == 8;
	walk.n_frames -= what == 9;
	walk.frames[4] += what == 10;
	walk.frames[0] += what == 11;
	if (what == 12) { /* the same frames in another order */
		walk.frames[0]++;
		walk.frames[1]--;
	}
	rehash();
}

static void test_different(void **state)
{
	const unsigned variants = 13;

	(void)state;
	for (unsigned round = 1; round <= 2; round++)
		for (unsigned what = 0; what < variants; what++) {
			vary(what);
			emit();
			assert_int_equal(engine.banks[BANK].entries,
				round == 1 ? what + 1 : variants);
		}
	for (unsigned what = 0; what < variants; what++)
		assert_int_equal(entry_of(BANK, what)->count, 2);
	prctl(PR_SET_NAME, "emitter");
}

static void test_generations(void **state)
{
	(void)state;
	stack(1, 3);
	emit();
	engine_set_generation(&engine, 1);
	emit();
	emit();
	assert_int_equal(engine.banks[BANK].entries, 1);
	assert_int_equal(engine.banks[BANK + 1].entries, 1);
	assert_int_equal(entry_of(BANK, 0)->count, 1);
	assert_int_equal(entry_of(BANK + 1, 0)->count, 2);
	assert_memory_equal(engine_words(&engine, BANK + 1), walk.frames, 24);
	engine_set_generation(&engine, 0);
	emit();
	assert_int_equal(entry_of(BANK, 0)->count, 2);
	assert_int_equal(entry_of(BANK + 1, 0)->count, 2);
}

static void test_no_frames(void **state)
{
	(void)state;
	stack(1, 0);
	walk.flags = ENTRY_NO_USER;
	emit();
	emit();
	assert_int_equal(entry_of(BANK, 0)->count, 2);
	assert_int_equal(engine.banks[BANK].words, 0);
}

static void guard(void)
{
	const struct abi_settings *sizes = &engine.settings;

	for (uint32_t bank = 0; bank < BANKS; bank++) {
		if (bank == BANK)
			continue;
		memset(&engine.banks[bank], GUARD, sizeof(struct abi_bank));
		memset(&engine.slots[bank * sizes->slots], GUARD,
			sizes->slots * sizeof(struct abi_slot));
		memset(&engine.entries[bank * sizes->entries], GUARD,
			sizes->entries * sizeof(struct abi_entry));
		memset(engine_words(&engine, bank), GUARD, engine.words_size);
	}
	memset(engine_words(&engine, BANK) + sizes->words, GUARD, ABI_STACK_WORDS * 8);
}

static void assert_guarded(const void *at, size_t size)
{
	const unsigned char *bytes = at;

	for (size_t i = 0; i < size; i++)
		assert_int_equal(bytes[i], GUARD);
}

static void assert_guards(void)
{
	const struct abi_settings *sizes = &engine.settings;

	for (uint32_t bank = 0; bank < BANKS; bank++) {
		if (bank == BANK)
			continue;
		assert_guarded(&engine.banks[bank], sizeof(struct abi_bank));
		assert_guarded(&engine.slots[bank * sizes->slots],
			sizes->slots * sizeof(struct abi_slot));
		assert_guarded(&engine.entries[bank * sizes->entries],
			sizes->entries * sizeof(struct abi_entry));
		assert_guarded(engine_words(&engine, bank), engine.words_size);
	}
	assert_guarded(engine_words(&engine, BANK) + sizes->words, ABI_STACK_WORDS * 8);
}

/* As many new stacks as fit and `more`: those have no room, the old ones still count. */
static void fill(uint32_t fit, uint32_t more, uint32_t n_frames)
{
	guard();
	for (uint32_t i = 0; i < fit + more; i++) {
		stack(i, n_frames);
		emit();
	}
	assert_int_equal(counted(COUNTER_taken), fit);
	assert_int_equal(counted(COUNTER_stack_table_full), more);
	assert_int_equal(engine.banks[BANK].entries, fit);
	assert_int_equal(engine.banks[BANK].words, fit * n_frames);
	for (uint32_t i = 0; i < fit; i++) {
		stack(i, n_frames);
		emit();
		assert_int_equal(entry_of(BANK, i)->count, 2);
		assert_memory_equal(engine_words(&engine, BANK) + entry_of(BANK, i)->word,
			walk.frames, n_frames * 8);
	}
	assert_int_equal(counted(COUNTER_taken), 2 * fit);
	assert_int_equal(counted(COUNTER_stack_table_full), more);
	assert_guards();
}

static int setup_entries(void **state)
{
	(void)state;
	open_with(1024, 64, 4096);
	return 0;
}

static void test_entries_full(void **state)
{
	(void)state;
	fill(64, 40, 3);
}

static void test_words_full(void **state)
{
	(void)state;
	fill(64, 40, 64);
}

/* 4096 = 5 x 767 + 261: a stack that does not fit, a smaller one that fits exactly, then nothing but empty ones. */
static void test_words_exactly_full(void **state)
{
	(void)state;
	guard();
	for (uint32_t i = 0; i < 6; i++) {
		stack(i, 767);
		emit();
	}
	assert_int_equal(engine.banks[BANK].words, 5 * 767);
	assert_int_equal(counted(COUNTER_stack_table_full), 1);
	stack(10, 262);
	emit();
	assert_int_equal(counted(COUNTER_stack_table_full), 2);
	stack(11, 261);
	emit();
	assert_int_equal(engine.banks[BANK].words, 4096);
	assert_memory_equal(engine_words(&engine, BANK) + 5 * 767, walk.frames, 261 * 8);
	stack(12, 1);
	emit();
	assert_int_equal(counted(COUNTER_stack_table_full), 3);
	stack(13, 0);
	emit();
	assert_int_equal(engine.banks[BANK].entries, 7);
	assert_guards();
}

static int setup_slots(void **state)
{
	(void)state;
	open_with(ABI_PROBES, 256, 4096);
	return 0;
}

/* As many slots as probes: all are found wherever the search starts, and no more fit. */
static void test_slots_full(void **state)
{
	(void)state;
	fill(ABI_PROBES, 40, 3);
}

static int setup_crowded(void **state)
{
	(void)state;
	open_with(64, 256, 4096);
	return 0;
}

/* More slots than probes: a stack is refused when its neighbourhood is full, though there are free slots elsewhere. */
static void test_probe_limit(void **state)
{
	uint32_t i = 0;

	(void)state;
	guard();
	for (; i <= 64 && !counted(COUNTER_stack_table_full); i++) {
		stack(i, 3);
		emit();
	}
	assert_int_equal(counted(COUNTER_stack_table_full), 1);
	assert_int_equal(counted(COUNTER_taken), i - 1);
	assert_int_equal(engine.banks[BANK].entries, i - 1);
	assert_in_range(i - 1, ABI_PROBES, 63);
	assert_guards();
}

static int setup_many(void **state)
{
	(void)state;
	open_with(1 << 19, 1 << 17, 1 << 19);
	return 0;
}

/* Random stacks, four frames each: any two that counted as equal would make one entry less. */
static void test_no_collision(void **state)
{
	uint64_t random = 88172645463325252ULL;

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		stack(i, 4);
		for (unsigned j = 0; j < 4; j++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			/* as close together as code is */
			walk.frames[j] = 0x400000 + (random & (j == 3 ? ~0UL : 0xffff));
		}
		rehash();
		emit();
	}
	assert_int_equal(counted(COUNTER_stack_table_full), 0);
	assert_int_equal(engine.banks[BANK].entries, 100000);
}

/* A CPU for which there is no bank, nor counters: nothing is written. */
static void test_no_bank(void **state)
{
	(void)state;
	guard();
	stack(1, 3);
	walk.cpu = BANKS / 2;
	emit();
	assert_int_equal(engine.banks[BANK].entries, 0);
	assert_guards();
}

static void test_notice_process(void **state)
{
	struct abi_notice notice;

	(void)state;
	for (uint32_t i = 0; i < 10; i++) {
		stack(i, 3);
		emit();
	}
	assert_true(engine_notice(&engine, &notice));
	assert_int_equal(notice.kind, NOTICE_PROCESS);
	assert_int_equal(notice.tgid, 77);
	assert_int_equal(notice.start_ns, 123456789);
	assert_int_equal(notice.cgroup, engine_cgroup());
	assert_int_equal(entry_of(BANK, 0)->cgroup, engine_cgroup());
	assert_false(engine_notice(&engine, &notice));
	engine_set_generation(&engine, 1);
	emit();
	assert_false(engine_notice(&engine, &notice));
	walk.start_ns++; /* the pid again, another process */
	emit();
	assert_true(engine_notice(&engine, &notice));
	assert_int_equal(notice.start_ns, 123456790);
	assert_false(engine_notice(&engine, &notice));
}

static void test_notice_nobody(void **state)
{
	struct abi_notice notice;

	(void)state;
	stack(1, 3);
	walk.flags = ENTRY_NO_USER;
	emit();
	stack(2, 3);
	walk.tgid = 0;
	emit();
	assert_int_equal(counted(COUNTER_taken), 2);
	assert_false(engine_notice(&engine, &notice));
}

/* n new stacks; the number of NOTICE_FILLs that they made. */
static unsigned fills(uint32_t seed, uint32_t n, uint32_t n_frames)
{
	struct abi_notice notice;
	unsigned count = 0;

	for (uint32_t i = 0; i < n; i++) {
		stack(seed + i, n_frames);
		emit();
	}
	while (engine_notice(&engine, &notice))
		count += notice.kind == NOTICE_FILL;
	return count;
}

static void test_notice_fill(void **state)
{
	(void)state;
	assert_int_equal(fills(0, 127, 3), 0);
	assert_int_equal(fills(127, 1, 3), 1); /* half of 256 */
	assert_int_equal(fills(128, 60, 3), 0);
	engine_set_generation(&engine, 1);
	assert_int_equal(fills(0, 7, 256), 0);
	assert_int_equal(fills(7, 1, 256), 1); /* half of 4096 words */
	assert_int_equal(fills(8, 4, 256), 0);
	engine.banks[BANK] = (struct abi_bank){0}; /* as interval_clear() does */
	memset(&engine.slots[BANK * 1024], 0, 1024 * sizeof(struct abi_slot));
	engine_set_generation(&engine, 0);
	assert_int_equal(fills(0, 127, 3), 0);
	assert_int_equal(fills(127, 1, 3), 1);
}

/*
 * A ring that nobody empties: the messages are lost, and said to be; the samples are not. A process whose message
 * was lost is told of by its next new stack.
 */
static void test_notice_lost(void **state)
{
	struct abi_notice notice;

	(void)state;
	for (uint32_t i = 0; i < 4000; i++) {
		stack(i & 127, 3);
		walk.tgid = 100 + i;
		emit();
		if (engine.banks[BANK].entries < 200)
			continue;
		engine.banks[BANK] = (struct abi_bank){.noticed = 1};
		memset(&engine.slots[BANK * 1024], 0, 1024 * sizeof(struct abi_slot));
	}
	assert_int_equal(counted(COUNTER_taken), 4000);
	assert_true(counted(COUNTER_notice_lost) > 0);
	while (engine_notice(&engine, &notice))
		;
	walk.frames[0]++;
	rehash();
	emit();
	assert_true(engine_notice(&engine, &notice));
	assert_int_equal(notice.tgid, 100 + 3999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_counted_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_different, setup, teardown),
		cmocka_unit_test_setup_teardown(test_generations, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_frames, setup, teardown),
		cmocka_unit_test_setup_teardown(test_entries_full, setup_entries, teardown),
		cmocka_unit_test_setup_teardown(test_words_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_words_exactly_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slots_full, setup_slots, teardown),
		cmocka_unit_test_setup_teardown(test_probe_limit, setup_crowded, teardown),
		cmocka_unit_test_setup_teardown(test_no_collision, setup_many, teardown),
		cmocka_unit_test_setup_teardown(test_no_bank, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notice_process, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notice_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notice_fill, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notice_lost, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
