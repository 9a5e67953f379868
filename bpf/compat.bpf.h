/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every difference between kernels, one function each, naming the change. Decided at load time by CO-RE: the
 * branch for another kernel is dead code to the verifier.
 */
#ifndef PROFOUND_COMPAT_BPF_H
#define PROFOUND_COMPAT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define inline_always static inline __attribute__((always_inline))

#ifndef PF_KTHREAD
#define PF_KTHREAD 0x00200000
#endif

/* bpf_get_current_task_btf(): Linux 5.11 (3ca1032ab7ab). Its pointers are read by plain loads, without a call. */
inline_always bool compat_has_task_btf(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf);
}

/*
 * A number that changes when the executable mappings of `mm` may have: exec_vm counts their pages, and
 * mm_lock_seq (6.4, 5e31275cc997; a seqcount_t since 6.13, db8f33d3b7) counts every writer of the mappings, so
 * that an mremap which keeps the pages is seen as well. Kernels without it have the number of mappings instead.
 */
struct mm_struct___lock_seq_int {
	int mm_lock_seq;
} __attribute__((preserve_access_index));

struct mm_struct___lock_seq_count {
	seqcount_t mm_lock_seq;
} __attribute__((preserve_access_index));

#define COMPAT_MM_STATE(READ, mm)                                                                  \
	({                                                                                         \
		struct mm_struct___lock_seq_count *count_ = (void *)(mm);                          \
		struct mm_struct___lock_seq_int *int_ = (void *)(mm);                              \
		__u64 state_;                                                                      \
		if (bpf_core_field_exists(count_->mm_lock_seq.sequence))                           \
			state_ = READ(count_, mm_lock_seq.sequence);                               \
		else if (bpf_core_field_exists(int_->mm_lock_seq))                                 \
			state_ = (__u32)READ(int_, mm_lock_seq);                                   \
		else                                                                               \
			state_ = (__u32)READ((mm), map_count);                                     \
		(state_ << 32) ^ READ((mm), exec_vm);                                              \
	})

/* The id of the current task's v2 cgroup; without CONFIG_CGROUPS there is no such helper. */
inline_always __u64 compat_cgroup_id(void)
{
	struct task_struct *task = 0;

	return bpf_core_field_exists(task->cgroups) ? bpf_get_current_cgroup_id() : 0;
}

#define COMPAT_LOAD(pointer, field) ((pointer)->field)

inline_always __u64 compat_mm_state(struct mm_struct *mm)
{
	if (compat_has_task_btf())
		return COMPAT_MM_STATE(COMPAT_LOAD, mm);
	return COMPAT_MM_STATE(BPF_CORE_READ, mm);
}

/*
 * The registers with which a task that is in the kernel entered it. bpf_task_pt_regs(): 5.15 (dd6e10fbd9fb).
 * Before, they are where x86's task_pt_regs() has them: at the end of a stack of THREAD_SIZE = 16 KiB, without
 * the padding that FRED brought in 6.9.
 */
#define COMPAT_THREAD_SIZE (4096UL << 2)

struct compat_regs {
	__u64 ip, sp, fp;
	__u64 cs; /* the selector alone: since 6.9 FRED's bits share its word (ee63291aa825) */
};

/* By DWARF number (System V ABI, AMD64 supplement, 3.6.2), 16 is ip. */
#define COMPAT_DWARF_REGS(READ, regs, out)                                                         \
	do {                                                                                       \
		(out)[0] = READ((regs), ax);                                                       \
		(out)[1] = READ((regs), dx);                                                       \
		(out)[2] = READ((regs), cx);                                                       \
		(out)[3] = READ((regs), bx);                                                       \
		(out)[4] = READ((regs), si);                                                       \
		(out)[5] = READ((regs), di);                                                       \
		(out)[6] = READ((regs), bp);                                                       \
		(out)[7] = READ((regs), sp);                                                       \
		(out)[8] = READ((regs), r8);                                                       \
		(out)[9] = READ((regs), r9);                                                       \
		(out)[10] = READ((regs), r10);                                                     \
		(out)[11] = READ((regs), r11);                                                     \
		(out)[12] = READ((regs), r12);                                                     \
		(out)[13] = READ((regs), r13);                                                     \
		(out)[14] = READ((regs), r14);                                                     \
		(out)[15] = READ((regs), r15);                                                     \
		(out)[16] = READ((regs), ip);                                                      \
	} while (0)

inline_always bool compat_has_task_pt_regs(void)
{
	return compat_has_task_btf() &&
	       bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs);
}

inline_always struct pt_regs *compat_stack_top(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, stack) + COMPAT_THREAD_SIZE - bpf_core_type_size(struct pt_regs);
}

inline_always void compat_user_regs(struct compat_regs *out)
{
	struct pt_regs *regs;

	if (compat_has_task_pt_regs()) {
		regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
		out->ip = regs->ip;
		out->sp = regs->sp;
		out->fp = regs->bp;
		out->cs = (__u16)regs->cs;
		return;
	}
	regs = compat_stack_top();
	out->ip = BPF_CORE_READ(regs, ip);
	out->sp = BPF_CORE_READ(regs, sp);
	out->fp = BPF_CORE_READ(regs, bp);
	out->cs = (__u16)BPF_CORE_READ(regs, cs);
}

/* All of them, into out[17]. */
inline_always void compat_user_dwarf_regs(__u64 *out)
{
	struct pt_regs *regs;

	if (compat_has_task_pt_regs()) {
		regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
		COMPAT_DWARF_REGS(COMPAT_LOAD, regs, out);
		return;
	}
	regs = compat_stack_top();
	COMPAT_DWARF_REGS(BPF_CORE_READ, regs, out);
}

/* Did a system call lead into the kernel, and no fault or interrupt? They leave -1 there. */
inline_always bool compat_in_syscall(void)
{
	if (compat_has_task_pt_regs()) {
		struct pt_regs *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());

		return (__s64)regs->orig_ax >= 0;
	}
	return (__s64)BPF_CORE_READ(compat_stack_top(), orig_ax) >= 0;
}

/*
 * The registers that the event interrupted: bpf_perf_event_data begins with a pt_regs whose layout is the same on
 * every kernel (arch/x86/include/uapi/asm/ptrace.h), and whose words must be read whole. The kernel's own pt_regs
 * is not that: since 6.9 its cs is a 16-bit member of a union, and a relocated read of 8 bytes is refused elsewhere.
 */
struct compat_uapi_regs {
	__u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
	__u64 ip, cs, flags, sp, ss;
};

inline_always void compat_event_regs(const struct bpf_perf_event_data *ctx, struct compat_regs *out)
{
	const volatile struct compat_uapi_regs *regs = (const volatile void *)ctx;

	out->ip = regs->ip;
	out->sp = regs->sp;
	out->fp = regs->bp;
	out->cs = (__u16)regs->cs;
}

inline_always void compat_event_dwarf_regs(const struct bpf_perf_event_data *ctx, __u64 *out)
{
	const volatile struct compat_uapi_regs *regs = (const volatile void *)ctx;

	COMPAT_DWARF_REGS(COMPAT_LOAD, regs, out);
}

#endif
