/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What crosses the kernel boundary, and nothing else: both sides include this header, and its sizes are
 * asserted. Integers are of the host; times are CLOCK_MONOTONIC nanoseconds unless said otherwise.
 */
#ifndef PROFOUND_ABI_H
#define PROFOUND_ABI_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#include "abi_runtime.h"
#include "abi_unwind.h"

#define ABI_KERNEL_FRAMES 127 /* kernel.perf_event_max_stack's default */
#define ABI_USER_FRAMES 2048
#define ABI_FRAMES (ABI_KERNEL_FRAMES + ABI_USER_FRAMES + 1) /* one spare: 2,176 */
#define ABI_STACK_WORDS (ABI_FRAMES + 2 * ABI_RUNTIME_FRAMES) /* of one sample at most */
#define ABI_COMM 16
#define ABI_SELECT 16 /* values of one kind (uid, comm, cgroup) that a selection can name */

enum abi_counter {
#define COUNTER(class, name, help) COUNTER_##name,
#include "counters.def"
#undef COUNTER
	COUNTERS
};

struct abi_counters {
	__u64 value[64];
};

_Static_assert(COUNTERS <= 64, "struct abi_counters is full");

/*
 * Aggregation. A bank belongs to one CPU and one of two generations; bank number = cpu * 2 + generation.
 * Only that CPU's program writes it while its generation is the current one, only userspace afterwards.
 */
struct abi_bank {
	__u32 entries; /* used entries */
	__u32 words;   /* used words */
	__u32 noticed; /* NOTICE_FILL was sent */
	__u32 pad;
};

struct abi_slot { /* open addressing, linear probe */
	__u32 tag;
	__u32 entry; /* 1 + index into the bank's entries; 0 is free */
};

#define ABI_PROBES 16

enum abi_entry_flags {
	ENTRY_USER_LEAF = 1,  /* the sample interrupted user code */
	ENTRY_NO_USER = 2,    /* no user context: kernel thread, exec, exit */
	ENTRY_UNVERIFIED = 4, /* frames found by frame pointer in code not known to keep them */
	ENTRY_KERNEL_THREAD = 8, /* the kernel's own (PF_KTHREAD): there is no program */
};

struct abi_entry {
	__u64 hash[2];
	__u64 start_ns; /* the process's start, CLOCK_BOOTTIME */
	__u64 first_ns;
	__u64 last_ns;
	__u64 mm_state; /* changes when the executable mappings may have changed; as of last_ns */
	__u32 tgid;     /* in profound's pid namespace; 0 when it is outside */
	__u32 exec;     /* number of execs, low bits */
	__u32 count;
	__u32 word; /* first frame, in words from the bank's start; innermost first, kernel frames first. Kernel
		     * frames are as bpf_get_stack() gives them; a user frame is the address to look up: where
		     * code was interrupted as it is, a return address less one */
	__u16 n_kernel;
	__u16 n_user;
	__u16 by_fp;   /* user frames found by a frame-pointer step */
	__u8 cut;      /* enum abi_counter of class CUT, or 0: whole */
	__u8 flags;    /* enum abi_entry_flags */
	char comm[ABI_COMM];
	__u32 space; /* place of the struct abi_space that the kernel side walked by; 0: none */
	__u32 space_version;
	__u64 cgroup; /* v2: kernfs id; 0: the kernel has no cgroups */
	__u32 tid;    /* in profound's pid namespace; 0: not asked for (settings.with_tid), or outside */
	__u16 n_runtime;   /* struct abi_runtime_frame behind the frames, two words each, innermost first */
	__u8 runtime;      /* enum abi_runtime: whose frames; of a thread without any, too */
	__u8 runtime_cut;  /* enum abi_counter of class CUT, or 0: the runtime's frames are whole. runtime_not_ready: it does
			    * not know the thread, which is well if none of its code runs in it */
};

_Static_assert(sizeof(struct abi_bank) == 16, "abi_bank");
_Static_assert(sizeof(struct abi_slot) == 8, "abi_slot");
_Static_assert(sizeof(struct abi_entry) == 112, "abi_entry");

/* Ring buffer to userspace: small, rare messages that must not wait for the next interval. */
enum abi_notice_kind {
	NOTICE_PROCESS = 1, /* a process was sampled that this CPU had not seen lately */
	NOTICE_FILL = 2,    /* a bank is half full: drain now */
};

struct abi_notice {
	__u32 kind;
	__u32 tgid;
	__u64 start_ns;
	__u64 mm_state; /* as in abi_entry */
	__u64 cgroup;   /* as in abi_entry */
	__u64 exe_inode; /* of mm->exe_file; 0: not known. NOTICE_PROCESS */
	__u32 exe_device; /* s_dev, as the kernel has it */
	__u32 exec;     /* as in abi_entry */
};

_Static_assert(sizeof(struct abi_notice) == 48, "abi_notice");

/*
 * A sample whose user stack userspace unwinds: registers and a copy of the stack, in one ring-buffer record of a few
 * fixed sizes. `entry` is as in a bank, with count 1, first_ns = last_ns, n_user 0 and no words. Its n_runtime frames, if
 * there are any, are in the struct abi_deferred_runtime that the same CPU put there last, if that has its sequence.
 */
enum abi_deferred_kind {
	DEFERRED_SAMPLE = 1,
	DEFERRED_RUNTIME = 2,
};

#define ABI_DEFER_PAGES 17 /* of the largest class: 64 KiB from any place in a page */

struct abi_deferred {
	__u32 kind; /* DEFERRED_SAMPLE */
	__u32 cpu;
	__u32 sequence; /* of the CPU's samples that were handed over */
	__u32 pad;
	struct abi_entry entry;
	__u64 reg[17]; /* by DWARF number; 16 is ip */
	__u64 kernel[ABI_KERNEL_FRAMES + 1];
	__u64 stack_at;    /* address of stack[0]: the start of the page that sp's red zone begins in */
	__u32 stack_pages; /* of this class */
	__u32 stack_from;  /* stack[stack_from, stack_len) is there: from sp's red zone on, or where the first page is in */
	__u32 stack_len;
	__u32 in_syscall;  /* ip is behind a system call's instruction, as a return address is behind a call */
	/* With settings.compare the kernel side has walked the stack as well: entry.n_user, entry.by_fp and this are what
	 * came out, the frames follow the kernel's as far as there is room. */
	__u32 compared;
	__u32 walked_cut;
	/* __u8 stack[stack_pages * 4096] */
};

_Static_assert(sizeof(struct abi_deferred) == 16 + 112 + 17 * 8 + 128 * 8 + 32, "abi_deferred");

/* Settings, fixed before the programs are loaded (the verifier sees them as constants). */
enum abi_cgroup_kind { CGROUP_V2 = 1, CGROUP_V1 = 2, CGROUP_NAMED = 3 };

struct abi_cgroup {
	__u64 id;     /* kernfs id: the directory's inode number */
	__u32 kind;   /* enum abi_cgroup_kind */
	__u32 number; /* V1: subsystem id; NAMED: hierarchy id */
};

struct abi_settings {
	__u32 pidns_inum; /* 0: profound is in the initial pid namespace */
	__u32 slots; /* a power of two */
	__u32 entries;
	__u32 words; /* a power of two; a bank's value has ABI_STACK_WORDS more */
	__u32 arena_words; /* a power of two */
	__u32 banks; /* 2 x possible CPUs */
	__u32 kernel_frames; /* a kernel stack of as many may be cut: kernel.perf_event_max_stack */
	__u32 n_uids, n_comms, n_cgroups, n_containers;
	__u8 by_tgid, by_tid; /* members_tgid, members_tid decide */
	__u8 keep_idle, no_user, no_kernel;
	__u8 compare; /* for tests: every walked sample is handed over as well, so that userspace can compare */
	__u8 with_tid; /* abi_entry.tid is part of the key */
	__u8 pad[5];
	__u32 uids[ABI_SELECT];
	char comms[ABI_SELECT][ABI_COMM];
	struct abi_cgroup cgroups[ABI_SELECT];
	struct abi_cgroup containers[ABI_SELECT];
};

#endif
