// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/interval.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "process/target_file.h"

/* The newest mm_state that the interval's entries of a process tell. */
struct interval_process {
	uint32_t tgid;
	uint64_t start_ns;
	uint64_t last_ns;
	uint64_t mm_state;
};

void interval_release(struct interval *interval)
{
	free(interval->processes);
	*interval = (struct interval){0};
}

/* The bank's heads are the kernel's word, but bounds cost nothing. */
static uint32_t bank_entries(const struct programs *programs, uint32_t bank)
{
	uint32_t n = programs->banks[bank].entries;

	return n < programs->settings.entries ? n : programs->settings.entries;
}

static const struct abi_entry *bank_entry(const struct programs *programs, uint32_t bank, uint32_t i)
{
	return &programs->entries[(size_t)bank * programs->settings.entries + i];
}

static bool entry_sane(const struct programs *programs, const struct abi_entry *entry)
{
	uint32_t frames = (uint32_t)entry->n_kernel + entry->n_user;

	return frames <= ABI_FRAMES && entry->n_runtime <= ABI_RUNTIME_FRAMES &&
	       entry->word <= programs->settings.words;
}

static int by_process_and_age(const void *left, const void *right)
{
	const struct interval_process *a = left, *b = right;

	if (a->tgid != b->tgid)
		return a->tgid < b->tgid ? -1 : 1;
	if (a->start_ns != b->start_ns)
		return a->start_ns < b->start_ns ? -1 : 1;
	if (a->last_ns != b->last_ns)
		return a->last_ns > b->last_ns ? -1 : 1;
	return 0;
}

static int note_process(struct interval *interval, const struct abi_entry *entry)
{
	struct interval_process *processes = interval->processes;
	uint32_t cap = interval->cap;

	if (!entry->tgid || !entry->n_user)
		return 0;
	if (interval->n == cap) {
		cap = cap ? cap * 2 : 256;
		processes = realloc(processes, cap * sizeof(*processes));
		if (!processes)
			return -ENOMEM;
		interval->processes = processes;
		interval->cap = cap;
	}
	processes[interval->n++] = (struct interval_process){
		entry->tgid, entry->start_ns, entry->last_ns, entry->mm_state};
	return 0;
}

static int note_processes(
	struct interval *interval, const struct programs *programs, uint32_t generation)
{
	int err = 0;

	interval->n = 0;
	for (uint32_t bank = generation; bank < programs->settings.banks; bank += 2)
		for (uint32_t i = 0; i < bank_entries(programs, bank) && !err; i++)
			err = note_process(interval, bank_entry(programs, bank, i));
	if (interval->n)
		qsort(interval->processes, interval->n, sizeof(*interval->processes),
			by_process_and_age);
	return err;
}

static int refresh_process(const struct interval_process *noted, struct processes *processes)
{
	struct process *process;
	int err = processes_sampled(processes, noted->tgid, noted->start_ns, &process);

	if (err)
		return err;
	err = process_refresh(processes, process, noted->mm_state);
	target_file_keep_jit(process);
	return err == -ENOMEM ? err : 0;
}

static int refresh_processes(const struct interval *interval, struct processes *processes)
{
	int err = 0;

	for (uint32_t i = 0; i < interval->n && !err; i++) {
		const struct interval_process *noted = &interval->processes[i];

		if (i && noted[-1].tgid == noted->tgid && noted[-1].start_ns == noted->start_ns)
			continue;
		err = refresh_process(noted, processes);
	}
	return err;
}

static void resolve_bank(struct interval *interval, const struct programs *programs, uint32_t bank,
	struct resolver *resolver)
{
	const uint64_t *words = programs_words(programs, bank);

	for (uint32_t i = 0; i < bank_entries(programs, bank); i++) {
		const struct abi_entry *entry = bank_entry(programs, bank, i);

		const uint64_t *frames = words + entry->word;
		uint32_t n = (uint32_t)entry->n_kernel + entry->n_user;

		interval->bytes += sizeof(*entry) + ((uint64_t)n + 2 * entry->n_runtime) * sizeof(*words);
		if (entry_sane(programs, entry))
			resolve_entry(resolver, entry, frames, (const void *)(frames + n));
		else
			resolver->counters[COUNTER_user_memory] += entry->count;
	}
}

int interval_refresh(struct interval *interval, const struct programs *programs,
	uint32_t generation, struct processes *processes)
{
	int err = note_processes(interval, programs, generation);

	return err ? err : refresh_processes(interval, processes);
}

void interval_resolve(struct interval *interval, const struct programs *programs,
	uint32_t generation, struct resolver *resolver)
{
	for (uint32_t bank = generation; bank < programs->settings.banks; bank += 2)
		resolve_bank(interval, programs, bank, resolver);
}

void interval_clear(const struct programs *programs, uint32_t generation)
{
	for (uint32_t bank = generation; bank < programs->settings.banks; bank += 2) {
		if (!programs->banks[bank].entries && !programs->banks[bank].words &&
			!programs->banks[bank].noticed)
			continue;
		memset(&programs->slots[(size_t)bank * programs->settings.slots], 0,
			programs->settings.slots * sizeof(*programs->slots));
		programs->banks[bank] = (struct abi_bank){0};
	}
}
