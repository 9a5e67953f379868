// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/deferred.h"

#include <stdbool.h>
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

static void walk(struct stack_walk *walk, struct resolver *resolver, struct tables *tables,
	const struct abi_deferred *record)
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
	struct process *process;
	uint64_t reg[17];

	memcpy(reg, record->reg, sizeof(reg));
	if (processes_sampled(
		    resolver->processes, record->entry.tgid, record->entry.start_ns, &process)) {
		*walk = (struct stack_walk){.cut = COUNTER_process_gone};
		return;
	}
	stack_walk(walk, tables, process, record->entry.last_ns, reg, &copy);
}

void deferred_add(struct resolver *resolver, struct tables *tables,
	const struct abi_deferred *record, size_t size)
{
	uint64_t frames[ABI_KERNEL_FRAMES + ABI_USER_FRAMES];
	struct abi_entry entry = record->entry;
	struct stack_walk user;

	if (size < sizeof(*record) || !sane(record, size)) {
		resolver->counters[COUNTER_user_memory]++;
		return;
	}
	walk(&user, resolver, tables, record);
	memcpy(frames, record->kernel, entry.n_kernel * sizeof(*frames));
	memcpy(frames + entry.n_kernel, user.frames, user.n * sizeof(*frames));
	entry.n_user = (uint16_t)user.n;
	entry.by_fp = (uint16_t)user.by_fp;
	if (!entry.cut)
		entry.cut = user.cut;
	if (user.unverified)
		entry.flags |= ENTRY_UNVERIFIED;
	resolve_entry(resolver, &entry, frames);
}
