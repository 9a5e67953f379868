// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Walks the frames that CPython has of the sampled thread, before the native stack is walked: a sample that is handed
 * over has them, too. Tells of the code objects that it meets for the first time.
 */
#include "maps.bpf.h"
#include "compat.bpf.h"
#include "runtime.bpf.h"
#include "step_rows.h"

#define PAGE_MASK (WINDOW - 1ULL)

struct step_memory {
	struct walk *walk;
};

/* Functions of their own to the verifier, which looks at each once and not wherever it is called. */
#define ONCE __attribute__((noinline))

/* Whole pages: an interpreter's frames lie one behind the other, callers at lower addresses. Into walk.runtime.word. */
ONCE int read_into_word(__u64 address)
{
	__u64 page = address & ~PAGE_MASK;
	__u32 zero = 0;
	struct walk *walk = bpf_map_lookup_elem(&walks, &zero);

	if (!walk)
		return -1;
	if (page != walk->window_at || !walk->window_len) {
		walk->window_len = 0;
		if (bpf_probe_read_user(walk->window, WINDOW, (void *)page))
			return -1;
		walk->window_at = page;
		walk->window_len = WINDOW;
	}
	walk->runtime.word = *(__u64 *)&walk->window[address & (WINDOW - 8)];
	return 0;
}

inline_always int mem_read(struct step_memory *memory, __u64 address, __u64 *value)
{
	int err = read_into_word(address);

	*value = memory->walk->runtime.word;
	return err;
}

inline_always int mem_word(struct step_memory *memory, __u64 address, __u64 *value)
{
	return bpf_probe_read_user(value, sizeof(*value), (void *)address) ? -1 : 0;
}

inline_always int mem_block(struct step_memory *memory, __u64 address)
{
	return bpf_probe_read_user(
		       memory->walk->runtime.block, ABI_CODE_BLOCK, (void *)address) ?
		       -1 :
		       0;
}

inline_always __u64 mem_block_word(struct step_memory *memory, __u32 offset)
{
	return *(__u64 *)&memory->walk->runtime.block[offset & (ABI_CODE_BLOCK - 8)];
}

#include "step_cpython.h"
#include "code_record.bpf.h"

/* Thread states by (process, pthread_self(), the heads of the lists that they are in), direct mapped. */
#define THREADS 256

struct threads_found {
	__u64 key;
	__u64 until_ns; /* one without any is looked for again: a state is in the list before it has its thread's id */
	__u64 thread[CPYTHON_THREADS];
	__u64 n;
};

struct threads {
	struct threads_found found[THREADS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct threads);
} threads SEC(".maps");

/* For each state that was looked at in vain: 100 times what that costs. */
#define NONE_FOR_NS 12000ULL

inline_always const struct abi_cpython *build_of(const struct walk *walk)
{
	__u32 build = walk->runtime.build;

	return bpf_map_lookup_elem(&cpythons, &build);
}

inline_always bool read_word(__u64 address, __u64 *value)
{
	return !bpf_probe_read_user(value, sizeof(*value), (void *)address);
}

/* Is what is mapped there the file that the build is of? */
inline_always bool proved(__u32 build, __u64 bias)
{
	const struct abi_cpython *facts = bpf_map_lookup_elem(&cpythons, &build);
	__u64 word;

	return facts && facts->version && read_word(bias + facts->proof_at, &word) &&
	       word == facts->proof;
}

/* By what was told of the process. */
inline_always bool find_host(struct walk *walk)
{
	__u32 home = space_hash(walk->start_ns, walk->tgid, walk->exec);

	for (__u32 probe = 0; probe < ABI_HOST_PROBES; probe++) {
		__u32 position = (home + probe) & (ABI_HOSTS - 1);
		const volatile struct abi_host *host = bpf_map_lookup_elem(&hosts, &position);

		if (!host || host->tgid != walk->tgid || host->start_ns != walk->start_ns ||
			host->exec != walk->exec)
			continue;
		walk->runtime.kind = host->runtime;
		walk->runtime.build = host->build;
		walk->runtime.bias = host->bias;
		return proved(walk->runtime.build, walk->runtime.bias);
	}
	return false;
}

inline_always const struct abi_program *find_program(void)
{
	__u64 inode;
	__u32 device;

	task_program(&inode, &device);
	if (!inode)
		return NULL;
	for (__u32 probe = 0; probe < ABI_PROGRAM_PROBES; probe++) {
		__u32 position = (program_home(inode, device) + probe) & (ABI_PROGRAMS - 1);
		const struct abi_program *program = bpf_map_lookup_elem(&programs, &position);

		if (program && program->inode == inode && program->device == device)
			return program;
	}
	return NULL;
}

inline_always __u64 program_bias(const struct abi_program *program)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, mm, start_code) - program->code_address;
}

/* Tries the addresses that the program holds. */
inline_always bool find_library(struct walk *walk, const struct abi_program *program, __u64 bias)
{
	for (__u32 i = 0; i < ABI_PROGRAM_SLOTS && i < program->n_slots; i++) {
		__u64 value;

		if (!read_word(bias + program->slot[i], &value))
			continue;
		walk->runtime.bias = value - program->target[i];
		if (!(walk->runtime.bias & PAGE_MASK) &&
			proved(walk->runtime.build, walk->runtime.bias))
			return true;
	}
	return false;
}

inline_always bool find_at(struct walk *walk, const struct abi_program *program, __u64 bias)
{
	walk->runtime.bias = bias;
	return program->n_slots ? find_library(walk, program, bias)
				: proved(walk->runtime.build, bias);
}

/* False: not now; a library may be loaded later. */
inline_always bool find_by_program(struct walk *walk, const struct abi_program *program)
{
	__u64 bias = program_bias(program);

	walk->runtime.kind = program->runtime;
	walk->runtime.build = program->build;
	return find_at(walk, program, bias) || find_at(walk, program, bias + program->code_offset);
}

/* The process's interpreter into the walk; false: none that is known. */
inline_always bool find_runtime(struct walk *walk)
{
	struct walk_runtime *runtime = &walk->runtime;
	struct runtime_found *slot = runtime_slot(runtime->process);
	const struct abi_program *program = NULL;
	__u32 epoch = runtime_epoch;
	bool found;

	if (!slot)
		return false;
	if (slot->process == runtime->process && slot->epoch == epoch) {
		runtime->kind = slot->kind;
		runtime->build = slot->build;
		runtime->bias = slot->bias;
		return slot->kind != RUNTIME_NONE;
	}
	found = find_host(walk);
	if (!found) {
		program = find_program();
		found = program && find_by_program(walk, program);
	}
	if (!found)
		runtime->kind = RUNTIME_NONE;
	if (!found && program)
		return false;
	slot->process = runtime->process;
	slot->bias = runtime->bias;
	slot->kind = runtime->kind;
	slot->build = runtime->build;
	slot->epoch = epoch;
	return found;
}

#define SEARCH_PER_CALL 64
#define SEARCH_CALLS 32

ONCE int search_some(void)
{
	__u32 zero = 0;
	struct walk *walk = bpf_map_lookup_elem(&walks, &zero);
	const struct abi_cpython *build = walk ? build_of(walk) : NULL;
	struct step_memory memory = {walk};
	int stop = STEP_OK;

	if (!walk || !build)
		return STEP_END;
	for (int i = 0; i < SEARCH_PER_CALL && stop == STEP_OK; i++)
		stop = cpython_search_step(&walk->runtime.search, build, &memory);
	return stop;
}

inline_always int search_all(void)
{
	int stop = STEP_OK;

	for (int i = 0; i < SEARCH_CALLS && stop == STEP_OK; i++)
		stop = search_some();
	return stop;
}

struct thread_links { /* PyThreadState begins with them, in all versions */
	__u64 prev, next, interp;
};

/* Is a state in its interpreter's list? Memory that was freed keeps most of what it was. */
inline_always bool is_linked(__u64 thread, const struct abi_cpython *build)
{
	struct thread_links links;
	__u64 to;

	if (bpf_probe_read_user(&links, sizeof(links), (void *)(thread + build->thread_next - 8)))
		return false;
	to = links.prev ? links.prev + build->thread_next : links.interp + build->interp_threads;
	return read_word(to, &to) && to == thread;
}

/* Are all of them still this thread's? */
inline_always bool still_there(
	const struct threads_found *slot, const struct walk *walk, const struct abi_cpython *build)
{
	for (__u32 i = 0; i < CPYTHON_THREADS && i < slot->n; i++) {
		__u64 id;

		if (!read_word(slot->thread[i] + build->thread_id, &id) ||
			id != walk->runtime.search.id || !is_linked(slot->thread[i], build))
			return false;
	}
	return true;
}

inline_always void keep_threads(struct threads_found *slot, __u64 key,
	const struct cpython_search *search)
{
	slot->key = key;
	slot->n = search->n;
	slot->until_ns = search->n ? ~0ULL : bpf_ktime_get_ns() + search->seen * NONE_FOR_NS;
	__builtin_memcpy(slot->thread, search->found, sizeof(slot->thread));
}

/* The thread's states into walk->runtime.search. False: that failed, and the cut says why. */
inline_always bool find_threads(struct walk *walk, const struct abi_cpython *build)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct cpython_search *search = &walk->runtime.search;
	__u64 interp, head = 0, key;
	__u32 zero = 0;
	struct threads *table = bpf_map_lookup_elem(&threads, &zero);
	struct threads_found *slot;
	int stop;

	search->id = BPF_CORE_READ(task, thread.fsbase);
	search->n = 0;
	search->seen = 0;
	search->thread = 0;
	if (!table || !search->id || !read_word(walk->runtime.bias + build->interpreters, &interp))
		return true;
	if (interp)
		read_word(interp + build->interp_threads, &head);
	key = mix(mix(walk->runtime.process, search->id, MIX_A), interp ^ head * MIX_B, MIX_A) | 1;
	slot = &table->found[(key >> 8) & (THREADS - 1)];
	if (slot->key == key && still_there(slot, walk, build) &&
		(slot->n || slot->until_ns > bpf_ktime_get_ns())) {
		search->n = slot->n;
		__builtin_memcpy(search->found, slot->thread, sizeof(search->found));
		return true;
	}
	search->interp = interp;
	stop = search_all();
	if (stop == STEP_END) {
		keep_threads(slot, key, search);
		return true;
	}
	walk->runtime.cut = COUNTER_runtime_unreadable;
	return search->n;
}

/* Notes a frame, or that the last one ended its group. False: there is no room. */
inline_always bool keep_frame(struct walk *walk, const struct abi_runtime_frame *frame)
{
	struct walk_runtime *runtime = &walk->runtime;
	__u32 n = *(volatile __u32 *)&runtime->n, zero = 0;
	struct runtime_frames *frames = bpf_map_lookup_elem(&runtime_frames, &zero);
	struct abi_runtime_frame *last;

	if (!frames)
		return false;
	runtime->hash[0] = mix(runtime->hash[0], frame->code, MIX_A);
	runtime->hash[1] = mix(runtime->hash[1], (__u64)frame->check << 32 | frame->at, MIX_B);
	/* By a mask: 5.10's verifier does not know the bounds of n - 1. */
	last = &frames->frame[((__u64)n - 1) & (ABI_RUNTIME_FRAMES - 1)];
	if (frame->code == RUNTIME_GROUP_END && n && !(last->code & RUNTIME_GROUP_END)) {
		last->code |= RUNTIME_GROUP_END;
		return true;
	}
	if (n >= ABI_RUNTIME_FRAMES)
		return false;
	frames->frame[n] = *frame;
	runtime->n = n + 1;
	return true;
}

inline_always int walk_one(struct walk *walk, const struct abi_cpython *build)
{
	struct step_memory memory = {walk};
	struct cpython_code_head head = {};
	struct abi_runtime_frame frame;
	__u64 at = walk->runtime.frame;
	int stop;

	if (!at)
		return STEP_END;
	stop = cpython_step(&at, build, &memory, &frame, &head);
	if (stop)
		return stop;
	walk->runtime.frame = at;
	if (!frame.code)
		return STEP_OK;
	if (!keep_frame(walk, &frame))
		return COUNTER_depth_limit;
	if (frame.code != RUNTIME_GROUP_END)
		code_tell(walk, build, frame.code & RUNTIME_ADDRESS, &head);
	return STEP_OK;
}

ONCE int cpython_frame(void)
{
	__u32 zero = 0;
	struct walk *walk = bpf_map_lookup_elem(&walks, &zero);
	const struct abi_cpython *build = walk ? build_of(walk) : NULL;

	return walk && build ? walk_one(walk, build) : STEP_END;
}

#define FRAMES_PER_CALL 64

ONCE int cpython_frames(void)
{
	int stop = STEP_OK;

	for (int i = 0; i < FRAMES_PER_CALL && stop == STEP_OK; i++)
		stop = cpython_frame();
	return stop;
}

/* The next thread state's frames are a group of their own, whatever the last one ended with. */
inline_always void end_group(const struct walk *walk)
{
	__u32 zero = 0, n = walk->runtime.n;
	struct runtime_frames *frames = bpf_map_lookup_elem(&runtime_frames, &zero);

	if (frames && n)
		frames->frame[((__u64)n - 1) & (ABI_RUNTIME_FRAMES - 1)].code |= RUNTIME_GROUP_END;
}

inline_always int walk_thread(struct walk *walk, const struct abi_cpython *build, __u64 thread)
{
	struct step_memory memory = {walk};
	int stop = STEP_OK;

	if (cpython_first_frame(thread, build, &memory, &walk->runtime.frame))
		return COUNTER_runtime_unreadable;
	/* One more: the last call ends it. */
	for (int i = 0; i < 2 * ABI_RUNTIME_FRAMES / FRAMES_PER_CALL + 1 && stop == STEP_OK; i++)
		stop = cpython_frames();
	return stop == STEP_OK ? COUNTER_depth_limit : stop;
}

ONCE int cpython_thread(__u32 i)
{
	__u32 zero = 0;
	struct walk *walk = bpf_map_lookup_elem(&walks, &zero);
	const struct abi_cpython *build = walk ? build_of(walk) : NULL;

	if (!walk || !build)
		return STEP_END;
	end_group(walk);
	return walk_thread(walk, build, walk->runtime.search.found[i & (CPYTHON_THREADS - 1)]);
}

/* The sample's interpreter and thread states. 0: there are none. */
ONCE int prepare(void)
{
	__u32 zero = 0;
	struct walk *walk = bpf_map_lookup_elem(&walks, &zero);
	const struct abi_cpython *build;

	if (!walk)
		return 0;
	walk->runtime.process = process_id(walk);
	walk->window_len = 0;
	if (!find_runtime(walk))
		return 0;
	build = build_of(walk);
	if (!build || !find_threads(walk, build))
		return 0;
	if (!walk->runtime.search.n && !walk->runtime.cut)
		walk->runtime.cut = COUNTER_runtime_not_ready;
	return walk->runtime.search.n;
}

SEC("perf_event")
int unwind_cpython(struct bpf_perf_event_data *ctx)
{
	__u32 zero = 0;
	struct walk *walk = bpf_map_lookup_elem(&walks, &zero);
	int n, stop = STEP_END;

	if (!walk)
		return 0;
	n = prepare();
	for (int i = 0; i < CPYTHON_THREADS && i < n && stop == STEP_END; i++)
		stop = cpython_thread(i);
	if (stop > 0 && !walk->runtime.cut)
		walk->runtime.cut = stop;
	bpf_tail_call(ctx, &stages, STAGE_UNWIND);
	count(walk->cpu, COUNTER_tail_call_failed);
	return 0;
}
