// SPDX-License-Identifier: GPL-2.0-or-later
/* Banks as the kernel leaves them, in heap memory: read, refreshed and cleared; heads and words that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "collect/interval.h"

#define SLOTS 32U
#define ENTRIES 8U
#define WORDS 64U
#define BANKS 4U
#define WORDS_SIZE ((WORDS + ABI_STACK_WORDS) * sizeof(uint64_t))
#define KERNEL 0xffffffff81000000ULL

struct fixture {
	struct programs programs;
	struct interval interval;
	struct objects *objects;
	struct processes *processes;
	struct tables *tables;
	struct profile profile;
	uint64_t counters[COUNTERS];
	struct resolver resolver;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->objects = objects_new();
	f->processes = processes_new(f->objects);
	f->tables = tables_new(NULL);
	assert_non_null(f->tables);
	f->resolver = (struct resolver){.profile = &f->profile, .objects = f->objects,
		.processes = f->processes, .tables = f->tables, .counters = f->counters};
	f->programs = (struct programs){.cpus = BANKS / 2, .stats_fd = -1,
		.settings = {.slots = SLOTS, .entries = ENTRIES, .words = WORDS, .banks = BANKS},
		.banks = calloc(BANKS, sizeof(struct abi_bank)),
		.slots = calloc(BANKS * SLOTS, sizeof(struct abi_slot)),
		.entries = calloc(BANKS * ENTRIES, sizeof(struct abi_entry)),
		.words = calloc(BANKS, WORDS_SIZE)};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	free(f->programs.banks);
	free(f->programs.slots);
	free(f->programs.entries);
	free(f->programs.words);
	interval_release(&f->interval);
	profile_release(&f->profile);
	tables_free(f->tables);
	processes_free(f->processes);
	objects_free(f->objects);
	free(f);
	return 0;
}

/* A new entry of the bank, with these frames. */
static struct abi_entry *add(struct fixture *f, uint32_t bank, const uint64_t *frames, uint16_t n_kernel,
	uint16_t n_user)
{
	struct abi_bank *head = &f->programs.banks[bank];
	struct abi_entry *entry = &f->programs.entries[bank * ENTRIES + head->entries];
	uint64_t *words = (uint64_t *)(f->programs.words + bank * WORDS_SIZE);

	*entry = (struct abi_entry){.count = 1, .word = head->words, .n_kernel = n_kernel,
		.n_user = n_user, .comm = "task"};
	for (uint32_t i = 0; i < (uint32_t)n_kernel + n_user; i++)
		words[head->words++] = frames[i];
	f->programs.slots[bank * SLOTS + head->entries].entry = head->entries + 1;
	head->entries++;
	return entry;
}

static void read_generation(struct fixture *f, uint32_t generation)
{
	assert_int_equal(interval_refresh(&f->interval, &f->programs, generation, f->processes), 0);
	interval_resolve(&f->interval, &f->programs, generation, &f->resolver);
}

static void test_generations(void **state)
{
	struct fixture *f = *state;
	uint64_t frames[] = {KERNEL, KERNEL + 1, KERNEL + 2};

	add(f, 0, frames, 1, 0)->count = 5;
	add(f, 0, frames, 2, 0)->count = 7;
	add(f, 2, frames, 3, 0)->count = 11;
	add(f, 2, frames, 1, 0)->count = 13; /* equal to the first: another CPU */
	add(f, 1, frames, 2, 0)->count = 17;
	add(f, 3, frames, 3, 0)->count = 19;
	read_generation(f, 0);
	assert_int_equal(profile_total(&f->profile), 36);
	assert_int_equal(f->profile.samples.count, 3);
	assert_int_equal(f->interval.bytes, 4 * sizeof(struct abi_entry) + 7 * 8);
	read_generation(f, 1);
	assert_int_equal(profile_total(&f->profile), 72);
	assert_int_equal(f->profile.samples.count, 3);
}

static void test_empty(void **state)
{
	struct fixture *f = *state;

	read_generation(f, 0);
	read_generation(f, 1);
	assert_int_equal(profile_total(&f->profile), 0);
	assert_int_equal(f->interval.bytes, 0);
}

/* More entries than there are: only those in the bank are read (the sanitizer looks on). */
static void test_hostile_heads(void **state)
{
	struct fixture *f = *state;
	uint64_t frames[] = {KERNEL};

	for (uint32_t i = 0; i < ENTRIES; i++)
		add(f, 2, frames, 1, 0);
	f->programs.banks[2].entries = UINT32_MAX;
	f->programs.banks[2].words = UINT32_MAX;
	read_generation(f, 0);
	assert_int_equal(profile_total(&f->profile), ENTRIES);
}

/* Frames that would lie outside of the last bank's words, or be more than a stack has. */
static void test_hostile_words(void **state)
{
	static const struct {
		uint32_t word;
		uint16_t n_kernel, n_user;
		unsigned samples;
	} rows[] = {
		{0, 1, 0, 1}, {WORDS, 1, 0, 1}, {WORDS, ABI_FRAMES, 0, 1}, {0, ABI_FRAMES, 0, 1},
		{WORDS + 1, 1, 0, 0}, {UINT32_MAX, 1, 0, 0}, {UINT32_MAX, 0, 0, 0},
		{0, ABI_FRAMES + 1, 0, 0}, {0, ABI_FRAMES, 1, 0}, {0, 1, ABI_FRAMES, 0},
		{0, UINT16_MAX, UINT16_MAX, 0}, {WORDS, 1, UINT16_MAX, 0},
	};
	struct fixture *f = *state;
	uint64_t frames[] = {KERNEL}, before = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct abi_entry *entry = add(f, 3, frames, 0, 0);

		entry->word = rows[i].word;
		entry->n_kernel = rows[i].n_kernel;
		entry->n_user = rows[i].n_user;
		read_generation(f, 1);
		assert_int_equal(profile_total(&f->profile) - before, rows[i].samples);
		before = profile_total(&f->profile);
		f->programs.banks[3] = (struct abi_bank){0};
	}
}

static uint64_t own_start_ns(void)
{
	unsigned long long ticks = 0;
	char line[1024];
	FILE *file = fopen("/proc/self/stat", "re");

	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	assert_int_equal(sscanf(strrchr(line, ')') + 2,
				 "%*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
				 "%*s %*s %*s %llu", &ticks), 1);
	return ticks * (NS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK));
}

static void add_own(struct fixture *f, uint32_t bank, uint64_t time_ns, uint64_t mm_state)
{
	uint64_t here = (uint64_t)(uintptr_t)&own_start_ns;
	struct abi_entry *entry = add(f, bank, &here, 0, 1);

	entry->tgid = (uint32_t)getpid();
	entry->start_ns = own_start_ns();
	entry->first_ns = entry->last_ns = time_ns;
	entry->mm_state = mm_state;
}

/* Each process is refreshed once, by the newest state that any CPU tells, before its entries are resolved. */
static void test_refresh(void **state)
{
	struct fixture *f = *state;
	uint64_t now = clock_now_ns();
	const uint32_t *frames;
	uint32_t n;

	add_own(f, 0, now - 3000, 30);
	add_own(f, 2, now - 1000, 10); /* the newest */
	add_own(f, 2, now - 2000, 20);
	read_generation(f, 0);
	assert_int_equal(processes_count(f->processes), 1);
	assert_int_equal(processes_get(f->processes, 0)->mm_state, 10);
	assert_int_equal(profile_total(&f->profile), 3);
	assert_int_equal(f->profile.samples.count, 1);
	frames = profile_get_stack(&f->profile, profile_get_sample(&f->profile, 0)->stack, &n);
	assert_int_equal(n, 1);
	assert_int_equal(profile_get_frame(&f->profile, frames[0])->kind, FRAME_FILE);
}

/* Nothing is read for a task without user frames, or outside of our pid namespace. */
static void test_no_process(void **state)
{
	struct fixture *f = *state;
	uint64_t frames[] = {KERNEL};

	add(f, 0, frames, 1, 0)->tgid = (uint32_t)getpid();
	add(f, 0, frames, 0, 1)->tgid = 0;
	read_generation(f, 0);
	assert_int_equal(processes_count(f->processes), 0);
	assert_int_equal(profile_total(&f->profile), 2);
}

static void test_clear(void **state)
{
	const struct abi_bank empty = {0};
	struct fixture *f = *state;
	uint64_t frames[] = {KERNEL};

	for (uint32_t bank = 0; bank < BANKS; bank++) {
		add(f, bank, frames, 1, 0);
		f->programs.banks[bank].noticed = 1;
	}
	interval_clear(&f->programs, 1);
	for (uint32_t bank = 0; bank < BANKS; bank++) {
		const struct abi_bank *head = &f->programs.banks[bank];
		uint32_t slot = f->programs.slots[bank * SLOTS].entry;

		assert_int_equal(!memcmp(head, &empty, sizeof(empty)), bank & 1);
		assert_int_equal(slot, bank & 1 ? 0 : 1);
	}
	/* A notice alone is something to clear as well. */
	f->programs.banks[3].noticed = 1;
	interval_clear(&f->programs, 1);
	assert_int_equal(f->programs.banks[3].noticed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_generations, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_heads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refresh, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_process, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clear, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
