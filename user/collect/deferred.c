// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/deferred.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "unwind/stack_walk.h"

#define PAGE 4096

static bool sane(const struct abi_deferred *record, size_t size)
{
	return record->stack_pages <= ABI_DEFER_PAGES &&
	       size >= sizeof(*record) + (size_t)record->stack_pages * PAGE &&
	       record->stack_len <= record->stack_pages * PAGE &&
	       record->entry.n_kernel <= ABI_KERNEL_FRAMES;
}

static void walk(struct stack_walk *walk, struct resolver *resolver,
	const struct process *process, const struct abi_deferred *record)
{
	const struct stack_copy copy = {
		.bytes = (const uint8_t *)(record + 1),
		.at = record->stack_at,
		.sp = record->reg[7],
		.from = record->stack_from,
		.len = record->stack_len,
		.in_syscall = record->in_syscall,
		.full = record->stack_len == record->stack_pages * PAGE,
	};
	uint64_t reg[17];

	memcpy(reg, record->reg, sizeof(reg));
	stack_walk(walk, resolver->tables, process, record->entry.last_ns, reg, &copy);
}

static void walk_and_learn(
	struct stack_walk *user, struct resolver *resolver, const struct abi_deferred *record)
{
	const struct abi_entry *entry = &record->entry;
	struct process *process;

	if (processes_sampled(resolver->processes, entry->tgid, entry->start_ns, &process)) {
		*user = (struct stack_walk){.cut = COUNTER_process_gone};
		return;
	}
	walk(user, resolver, process, record);
	if (record->compared)
		return;
	if (spaces_wanted(resolver->spaces, process, entry, user->cut))
		resolver->counters[COUNTER_table_no_room]++;
}

/* What came before its sample was lost: then the sample is told as one whose interpreter was not known. */
static const struct abi_runtime_frame *take_runtime(
	const struct deferred *deferred, const struct abi_deferred *record, struct abi_entry *entry)
{
	const struct abi_runtime_frame *frames = NULL;

	if (entry->n_runtime && deferred->frames)
		frames = deferred_frames_find(deferred->frames, record);
	if (!frames && entry->n_runtime) {
		entry->n_runtime = 0;
		entry->runtime = RUNTIME_NONE;
	}
	return frames;
}

/* Not on the stack: profound's own must fit into the copy of a sample. */
struct scratch {
	struct stack_walk user;
	uint64_t frames[ABI_KERNEL_FRAMES + ABI_USER_FRAMES];
};

static void add(struct deferred *deferred, const struct abi_deferred *record, struct scratch *scratch)
{
	struct resolver *resolver = deferred->resolver;
	struct stack_walk *user = &scratch->user;
	const struct abi_runtime_frame *runtime;
	struct abi_entry entry = record->entry;

	walk_and_learn(user, resolver, record);
	if (deferred->witness && record->compared)
		deferred->witness(deferred->context, record, user);
	memcpy(scratch->frames, record->kernel, entry.n_kernel * sizeof(*scratch->frames));
	memcpy(scratch->frames + entry.n_kernel, user->frames, user->n * sizeof(*scratch->frames));
	entry.n_user = (uint16_t)user->n;
	entry.by_fp = (uint16_t)user->by_fp;
	if (!entry.cut)
		entry.cut = user->cut;
	if (user->unverified)
		entry.flags |= ENTRY_UNVERIFIED;
	runtime = take_runtime(deferred, record, &entry);
	resolve_entry(resolver, &entry, scratch->frames, runtime);
}

void deferred_add(struct deferred *deferred, const struct abi_deferred *record, size_t size)
{
	struct scratch *scratch = NULL;

	if (size >= sizeof(*record) && sane(record, size))
		scratch = malloc(sizeof(*scratch));
	if (!scratch) {
		deferred->resolver->counters[COUNTER_user_memory]++;
		return;
	}
	add(deferred, record, scratch);
	free(scratch);
}
