/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One step by an unwind rule (abi.h) on x86-64: DWARF 5, section 6.4; System V ABI, AMD64 supplement, 3.6.2 for the
 * register numbers. The signal frame is the kernel's (struct rt_sigframe, arch/x86/include/asm/sigframe.h): with
 * the restorer's return address popped, rsp is at its ucontext, whose gregs start at 40 (uc_flags, uc_link,
 * uc_stack), in the order of struct sigcontext_64.
 */
#ifndef PROFOUND_STEP_CFI_H
#define PROFOUND_STEP_CFI_H

#include "step.h"

struct step_memory;
static int mem_read(struct step_memory *memory, __u64 address, __u64 *value);

#define STEP_KNOWN_FP (1U << STEP_REG_FP)
#define STEP_KNOWN_ALL 0xffffU
#define STEP_SCRATCH 0x0f37U /* rax, rdx, rcx, rsi, rdi, r8 to r11: AMD64 supplement, figure 3.4 */
#define STEP_GREGS 40 /* from the ucontext */

/* Further than this no frame reaches in one step: Linux's default stack limit. */
#define STEP_CFI_REACH (8ULL << 20)

static inline __attribute__((always_inline)) int step_reg(const struct step_regs *regs,
	const struct step_rest *rest, __u8 number, __u64 *value)
{
	if (number == STEP_REG_SP)
		*value = regs->sp;
	else if (number > 15 || !(rest->known & 1U << (number & 15)))
		return COUNTER_unsupported_rule;
	else
		*value = number == STEP_REG_FP ? regs->fp : rest->reg[number & 15];
	return 0;
}

/* The return address, and with it that the frame lies above ours: one without a slot for it can be empty. */
static inline __attribute__((always_inline)) int step_ra(const struct step_regs *regs,
	const struct step_rest *rest, const struct abi_rule *rule, __u64 cfa,
	struct step_memory *memory, __u64 *ip)
{
	__u64 at = cfa + (__u64)(__s64)rule->ra_offset;

	if (rule->ra_reg)
		return step_reg(regs, rest, rule->ra_reg - 1, ip);
	if (cfa == regs->sp)
		return COUNTER_corrupt;
	if (at & 7)
		return COUNTER_corrupt;
	return mem_read(memory, at, ip) ? COUNTER_stack_paged_out : 0;
}

static inline __attribute__((always_inline)) int step_cfa(const struct step_regs *regs,
	const struct step_rest *rest, const struct abi_rule *rule, struct step_memory *memory,
	__u64 *cfa)
{
	__u64 base = 0, words = 0;
	int stop = step_reg(regs, rest, rule->cfa == CFA_PLT ? STEP_REG_SP : rule->reg, &base);

	if (stop)
		return stop;
	base += (__u64)(__s64)rule->cfa_offset;
	if (rule->cfa == CFA_PLT && (regs->ip & 15) >= (__u64)(__s64)rule->cfa_add)
		base += 8;
	if (rule->cfa == CFA_MEMORY) {
		stop = rule->index ? step_reg(regs, rest, rule->index - 1, &words) : 0;
		if (stop)
			return stop;
		base += 8 * words;
		if (base & 7)
			return COUNTER_corrupt;
		if (mem_read(memory, base, &base))
			return COUNTER_stack_paged_out;
		base += (__u64)(__s64)rule->cfa_add;
	}
	if (base & 7)
		return COUNTER_corrupt;
	/* The stack grows down: a caller's frame lies above. */
	if (rule->cfa != CFA_OTHER_STACK && (base < regs->sp || base - regs->sp > STEP_CFI_REACH))
		return COUNTER_corrupt;
	*cfa = base;
	return 0;
}

/* The caller's rbp; *known is cleared when nobody can tell. */
static inline __attribute__((always_inline)) int step_caller_fp(const struct step_regs *regs,
	const struct abi_rule *rule, __u64 cfa, struct step_memory *memory, __u64 *fp, __u32 *known)
{
	__u64 at = cfa;

	if (rule->rbp == SAVED_SAME)
		return 0;
	if (rule->rbp == SAVED_UNDEFINED || (rule->rbp == SAVED_MEMORY && !*known)) {
		*known = 0;
		return 0;
	}
	if (rule->rbp == SAVED_MEMORY)
		at = regs->fp;
	if (rule->rbp == SAVED_STACK)
		at = regs->sp;
	at += (__u64)(__s64)rule->rbp_offset;
	/* Compilers leave the rule in place after the epilogue's pop: the register has the value, the slot is gone. */
	if (at < regs->sp && rule->cfa != CFA_OTHER_STACK)
		return 0;
	if (at & 7)
		return COUNTER_corrupt;
	if (mem_read(memory, at, fp))
		return COUNTER_stack_paged_out;
	*known = STEP_KNOWN_FP;
	return 0;
}

/* struct sigcontext_64: r8..r15, di, si, bp, bx, dx, ax, cx, sp, ip; as DWARF numbers. */
static inline __attribute__((always_inline)) int step_signal(
	struct step_regs *regs, struct step_rest *rest, struct step_memory *memory)
{
	const __u8 order[17] = {8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16};
	__u64 at = regs->sp + STEP_GREGS, value[17];

	if (at & 7)
		return COUNTER_corrupt;
	for (int i = 0; i < 17; i++)
		if (mem_read(memory, at + 8 * (__u64)i, &value[i]))
			return COUNTER_stack_paged_out;
	if (!value[16])
		return COUNTER_corrupt;
	for (int i = 0; i < 15; i++)
		rest->reg[order[i]] = value[i];
	rest->known = STEP_KNOWN_ALL;
	regs->fp = value[10];
	regs->sp = value[15];
	regs->ip = value[16];
	return STEP_OK;
}

/* STEP_OK: regs and rest are the caller's; STEP_END; or a cause, and nothing has changed. After a CFA_SIGNAL rule the
 * caller's ip is where it was interrupted; after any other it is a return address. */
static inline __attribute__((always_inline)) int step_cfi(struct step_regs *regs,
	struct step_rest *rest, const struct abi_rule *rule, struct step_memory *memory)
{
	__u32 known = rest->known & STEP_KNOWN_FP;
	__u64 cfa = 0, ip = 0, fp = regs->fp;
	int stop;

	if (rule->cfa == CFA_END)
		return STEP_END;
	if (rule->cfa == CFA_NONE)
		return COUNTER_no_unwind_info;
	if (rule->cfa == CFA_SIGNAL)
		return step_signal(regs, rest, memory);
	if (rule->cfa == CFA_UNSUPPORTED)
		return COUNTER_unsupported_rule;
	stop = step_cfa(regs, rest, rule, memory, &cfa);
	if (stop)
		return stop;
	stop = step_ra(regs, rest, rule, cfa, memory, &ip);
	if (stop)
		return stop;
	stop = step_caller_fp(regs, rule, cfa, memory, &fp, &known);
	if (stop)
		return stop;
	if (!ip)
		return STEP_END;
	regs->ip = ip;
	regs->sp = cfa;
	regs->fp = fp;
	/* A return address in a register, twice with no frame between, would go in circles. */
	rest->known = known | (rule->ra_reg ? 0 : rest->known & STEP_SCRATCH);
	return STEP_OK;
}

#endif
