// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hands a sample to userspace to unwind: its registers and a copy of its stack, so that a stack is whole before
 * anything is known of the process, and after it is gone. Without room in the ring the sample is not lost: it is
 * walked in the kernel with what is known there, and says so.
 */
#include "maps.bpf.h"
#include "compat.bpf.h"
#include "notice.bpf.h"

#define PAGE 4096UL

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PAGE); /* set before load */
} deferred SEC(".maps");

inline_always bool readable(__u64 address)
{
	__u64 word;

	return !bpf_probe_read_user(&word, sizeof(word), (void *)address);
}

/* The red zone's. */
inline_always __u64 lowest_page(const struct walk *walk)
{
	return (walk->start[STEP_REG_SP] - STEP_RED_ZONE) & ~(PAGE - 1);
}

/*
 * Pages from the lowest up to the stack's top. The first thread's is known; another's (or a stack that the program made
 * itself) is felt for, where the size class would change.
 */
inline_always __u32 stack_pages(const struct walk *walk)
{
	__u64 page = lowest_page(walk), known_size = walk->start_stack - page;

	if (known_size < ABI_DEFER_PAGES * PAGE)
		return known_size / PAGE + 1;
	if (!readable(page + 2 * PAGE))
		return 2;
	if (!readable(page + 4 * PAGE))
		return 4;
	return readable(page + 9 * PAGE) ? ABI_DEFER_PAGES : 9;
}

inline_always void fill_entry(const struct walk *walk, struct abi_entry *entry)
{
	__builtin_memset(entry, 0, sizeof(*entry));
	entry->start_ns = walk->start_ns;
	entry->first_ns = entry->last_ns = bpf_ktime_get_ns();
	entry->mm_state = walk->mm_state;
	entry->cgroup = compat_cgroup_id();
	entry->tgid = walk->tgid;
	entry->exec = walk->exec;
	entry->tid = walk->tid;
	entry->count = 1;
	entry->n_kernel = walk->n_kernel;
	if (walk->compared) {
		entry->n_user = walk->n_frames - walk->n_kernel;
		entry->by_fp = walk->by_fp;
	}
	entry->cut = walk->cut;
	entry->n_runtime = walk->runtime.n;
	entry->runtime = walk->runtime.kind;
	entry->runtime_cut = walk->runtime.cut;
	entry->flags = walk->flags;
	bpf_get_current_comm(entry->comm, sizeof(entry->comm));
}

/*
 * From the red zone on: OpenSSL's AVX2 keeps the old rsp there.
 * Piece by piece: one read up to the top fails whole where the last page is missing. The first may be missing as
 * well, when the stack has just grown.
 */
inline_always void copy_stack(struct abi_deferred *record, __u64 sp, const __u32 pages)
{
	__u64 low = sp - STEP_RED_ZONE, page = low & ~(PAGE - 1), from = low & (PAGE - 1);
	__u8 *stack = (__u8 *)(record + 1);
	__u32 first = from, end = pages * PAGE;

	if (bpf_probe_read_user(stack + from, PAGE - from, (void *)low))
		first = PAGE;
	for (__u32 i = 1; i < pages; i++) {
		if (!bpf_probe_read_user(stack + i * PAGE, PAGE, (void *)(page + i * PAGE)))
			continue;
		end = i * PAGE;
		break;
	}
	record->stack_from = first < end ? first : end;
	record->stack_len = end;
}

/* Userspace looks once a second, and when as many bytes wait as it says. */
volatile __u32 deferred_wakeup = 0;

/* A copy of the largest size may be too short for its stack: until userspace has learned what to teach us of it, the
 * samples of that stack are cut. */
inline_always __u64 wakeup(const __u32 pages)
{
	__u32 bytes = pages == ABI_DEFER_PAGES ? deferred_wakeup / 8 : deferred_wakeup;

	return bpf_ringbuf_query(&deferred, BPF_RB_AVAIL_DATA) > bytes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

inline_always bool defer_pages(const struct walk *walk, const __u32 pages)
{
	struct abi_deferred *record;
	__u64 flags = wakeup(pages);

	record = bpf_ringbuf_reserve(&deferred, sizeof(*record) + pages * PAGE, 0);
	if (!record)
		return false;
	record->kind = DEFERRED_SAMPLE;
	record->cpu = walk->cpu;
	record->sequence = walk->sequence;
	record->pad = 0;
	fill_entry(walk, &record->entry);
	__builtin_memcpy(record->reg, walk->start, sizeof(record->reg));
	record->in_syscall = walk->in_syscall;
	record->compared = walk->compared;
	record->walked_cut = walk->walked_cut;
	bpf_probe_read_kernel(record->kernel, sizeof(record->kernel), walk->frames);
	record->stack_at = lowest_page(walk);
	record->stack_pages = pages;
	copy_stack(record, walk->start[STEP_REG_SP], pages);
	bpf_ringbuf_submit(record, flags);
	return true;
}

struct runtime_record {
	struct abi_deferred_runtime head;
	struct runtime_frames frames;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct runtime_record);
} runtime_records SEC(".maps");

/* The runtime's frames go before the sample. False: there is no room. */
inline_always bool defer_runtime(struct walk *walk)
{
	__u32 zero = 0, n = walk->runtime.n;
	struct runtime_record *record = bpf_map_lookup_elem(&runtime_records, &zero);
	const struct runtime_frames *from = bpf_map_lookup_elem(&runtime_frames, &zero);

	walk->sequence++;
	if (!n)
		return true;
	if (!record || !from || n > ABI_RUNTIME_FRAMES)
		return false;
	record->head.kind = DEFERRED_RUNTIME;
	record->head.cpu = walk->cpu;
	record->head.sequence = walk->sequence;
	record->head.n = n;
	if (bpf_probe_read_kernel(&record->frames, n * sizeof(from->frame[0]), from))
		return false;
	return !bpf_ringbuf_output(&deferred, record,
		sizeof(record->head) + n * sizeof(from->frame[0]), BPF_RB_NO_WAKEUP);
}

inline_always bool defer_sample(const struct walk *walk)
{
	__u32 pages = stack_pages(walk);

	if (pages <= 2)
		return defer_pages(walk, 2);
	if (pages <= 4)
		return defer_pages(walk, 4);
	if (pages <= 9)
		return defer_pages(walk, 9);
	return defer_pages(walk, ABI_DEFER_PAGES);
}

SEC("perf_event")
int defer(struct bpf_perf_event_data *ctx)
{
	__u32 zero = 0;
	struct walk *walk = bpf_map_lookup_elem(&walks, &zero);

	if (!walk)
		return 0;
	notice_process(walk);
	if (defer_runtime(walk) && defer_sample(walk)) {
		count(walk->cpu, COUNTER_taken);
		return 0;
	}
	count(walk->cpu, COUNTER_deferred_ring_full);
	walk->undeferred = 1;
	bpf_tail_call(ctx, &stages, STAGE_UNWIND);
	count(walk->cpu, COUNTER_tail_call_failed);
	return 0;
}
