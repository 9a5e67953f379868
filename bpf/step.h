/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all unwind steps share: the registers that a step changes, its outcome, and the memory that it reads. Steps
 * are pure: compiled for the kernel and for the host from the same text. Whoever includes a step header first
 * defines `struct step_memory` and
 *
 *     static int mem_read(struct step_memory *memory, __u64 address, __u64 *value);
 *
 * which reads 8 bytes of the sampled process's memory at an 8-aligned address: 0, or negative when they are not
 * there.
 */
#ifndef PROFOUND_STEP_H
#define PROFOUND_STEP_H

#include "abi.h"

/* Named by their use, so that another machine can fill them. */
struct step_regs {
	__u64 ip;
	__u64 sp;
	__u64 fp; /* x86-64: rbp */
};

/* Below sp, and nobody's but the running function's (System V ABI, AMD64 supplement, 3.2.2): signals keep off. */
#define STEP_RED_ZONE 128

/*
 * Registers beyond step_regs, by DWARF number, and which are known (bit 6: step_regs.fp; sp always is). An ordinary
 * step forgets those that a callee saves: rules do not tell where. It keeps STEP_SCRATCH, which callees may change:
 * a CFA by one of them behind a call can only be right if the callee, by a convention of their own, kept it. That
 * holds within one file: step_enter() forgets them where the file changes.
 */
struct step_rest {
	__u64 reg[16];
	__u32 known;
};

/* A walk between two frames (step_native.h). */
struct step_state {
	struct step_regs regs;
	struct step_rest rest;
	__u64 file;       /* that the last frame was in, by any number; 0: none; STEP_NO_FRAME: there was no frame */
	__u32 exact;      /* regs.ip is where code was interrupted, not a return address */
	__u32 by_fp;      /* the last step was one by frame pointer */
	__u32 unverified; /* one was taken or tried */
};

#define CPYTHON_THREADS 4 /* thread states of one thread at once: of several interpreters */

/* A search for a thread's states (step_cpython.h). Begins with interp = *(bias + build.interpreters), all else 0. */
struct cpython_search {
	__u64 id;     /* pthread_self() */
	__u64 interp; /* the next to look into */
	__u64 thread; /* the next to look at */
	__u64 found[CPYTHON_THREADS];
	__u32 n;
	__u32 seen;   /* thread states that were looked at */
};

#define STEP_NO_FRAME (~0ULL)
#define STEP_REG_FP 6
#define STEP_REG_SP 7

/* A step's outcome is one of these, or the enum abi_counter of class CUT that stops the walk. */
#define STEP_OK 0   /* regs are the caller's */
#define STEP_END -1 /* there is no caller */

#endif
