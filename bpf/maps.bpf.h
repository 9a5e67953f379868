/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Maps, settings and the state of one walk that two or more programs use. A sample is handed from program to
 * program by tail calls (sample -> unwind, again and again -> emit), its state in the CPU's `struct walk`: the
 * kernel runs no second perf program on a CPU while one is active (bpf_prog_active).
 */
#ifndef PROFOUND_MAPS_BPF_H
#define PROFOUND_MAPS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "abi.h"
#include "step.h"

/* Set before load, constants to the verifier. */
extern const volatile struct abi_settings settings;
/* The generation that programs write: 0 or 1. Userspace swaps it, then waits for programs in flight. */
extern volatile __u32 generation;
/* Changes when userspace has told of another interpreter. */
extern volatile __u32 runtime_epoch;

enum stage { STAGE_DEFER, STAGE_UNWIND, STAGE_EMIT, STAGE_CPYTHON, STAGES };

#define WINDOW 4096

/* The interpreter's side of a sample; its frames are in runtime_frames. */
struct walk_runtime {
	__u32 kind;  /* enum abi_runtime */
	__u32 build;
	__u64 bias;
	__u64 process; /* process_id() */
	__u64 hash[2]; /* over the frames */
	__u64 frame;   /* the next one to look at; 0: none */
	__u64 word;    /* what was read last */
	__u32 n;       /* frames */
	__u32 cut;     /* enum abi_counter of class CUT; 0: whole */
	__u32 told;    /* code objects, of this sample */
	__u32 pad;
	struct cpython_search search;
	__u8 block[ABI_CODE_BLOCK];
};

struct walk {
	__u32 cpu;
	__u32 tgid;
	__u64 start_ns;
	__u64 mm_state;
	__u64 start_stack; /* top of the first thread's stack */
	__u32 exec;
	__u32 flags; /* enum abi_entry_flags */
	__u32 n_kernel;
	__u32 n_frames; /* kernel and user */
	__u32 by_fp;
	__u32 cut;
	__u32 tid; /* settings.with_tid */
	__u64 hash[2]; /* over the frames so far */
	__u64 start[17]; /* the user's registers by DWARF number, 16 is ip */
	__u32 in_syscall; /* ip is behind a system call's instruction, as a return address is behind a call */
	__u32 compared; /* settings.compare: it was walked, and is handed over as well */
	__u32 walked_cut;
	__u32 sequence; /* of this CPU's samples that were handed over; never cleared */
	__u32 undeferred; /* there was no room to hand the sample over: it is walked with what is known */
	__u32 space; /* place of the struct abi_space that is walked by; 0: none */
	__u32 version; /* its */
	__u64 kernel_hash[2]; /* over the kernel's frames */
	struct step_state state;
	__u64 file; /* abi_map.pages of the address looked up last: the file's number; 0: none */
	struct abi_map map; /* the one that the last frame was in */
	__u64 window_at; /* address of window[0] */
	__u64 window_len;
	struct walk_runtime runtime;
	__u64 frames[ABI_FRAMES]; /* innermost first */
	__u8 window[WINDOW];      /* the part of the user stack that is read now */
};

/* abi_unwind.h */
struct map_arena {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 8); /* settings.arena_words * 8 + ABI_ARENA_SLACK */
};
extern struct map_arena arena SEC(".maps");

struct map_counters {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* possible CPUs */
	__type(key, __u32);
	__type(value, struct abi_counters);
};
extern struct map_counters counters SEC(".maps");

struct map_walks {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct walk);
};
extern struct map_walks walks SEC(".maps");

/* Those of walk.runtime, innermost first: a per-CPU value has 32 KiB at most (PCPU_MIN_UNIT_SIZE). */
struct runtime_frames {
	struct abi_runtime_frame frame[ABI_RUNTIME_FRAMES];
};

struct map_runtime_frames {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct runtime_frames);
};
extern struct map_runtime_frames runtime_frames SEC(".maps");

struct map_stages {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STAGES);
	__type(key, __u32);
	__type(value, __u32);
};
extern struct map_stages stages SEC(".maps");

struct map_members {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* 16,384 when a selection needs it */
	__type(key, __u32);
	__type(value, __u64); /* start_boottime of the process or thread; 0: whoever has the number now */
};
extern struct map_members members_tgid SEC(".maps");
extern struct map_members members_tid SEC(".maps");

#define MIX_A 0x9e3779b97f4a7c15ULL
#define MIX_B 0xc2b2ae3d27d4eb4fULL

static inline __attribute__((always_inline)) __u64 mix(__u64 hash, __u64 value, __u64 factor)
{
	hash = (hash ^ value) * factor;
	return hash ^ (hash >> 29);
}

/* Frames are hashed as they come: a second pass over up to ABI_FRAMES of them would cost the verifier most. */
static inline __attribute__((always_inline)) void walk_hash(struct walk *walk, __u64 frame)
{
	walk->hash[0] = mix(walk->hash[0], frame, MIX_A);
	walk->hash[1] = mix(walk->hash[1], frame, MIX_B);
}

/* Tells a process, and each of its programs. Never 0. */
static inline __attribute__((always_inline)) __u64 process_id(const struct walk *walk)
{
	return mix(walk->start_ns, (__u64)walk->exec << 32 | walk->tgid, MIX_A) | 1;
}

/* A place in the arena, whatever `place` is. */
static inline __attribute__((always_inline)) const void *arena_at(const char *words, __u32 place)
{
	return words + (__u64)(place & (settings.arena_words - 1)) * 8;
}

static inline __attribute__((always_inline)) void count(__u32 cpu, enum abi_counter what)
{
	struct abi_counters *cell = bpf_map_lookup_elem(&counters, &cpu);

	if (cell)
		cell->value[what]++;
}

#endif
