/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user's registers of a sample. */
#ifndef PROFOUND_REGISTERS_BPF_H
#define PROFOUND_REGISTERS_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"

inline_always bool user_mode(__u64 cs)
{
	return cs & 3;
}

/*
 * The registers with which the task was, or will be again, in user code; false when there are none: an exec under
 * way and a worker that the kernel made (io_uring) have nothing there.
 */
inline_always bool take_user_regs(
	const struct bpf_perf_event_data *ctx, struct walk *walk, const struct compat_regs *event)
{
	struct compat_regs regs = *event;

	if (user_mode(event->cs))
		walk->flags |= ENTRY_USER_LEAF;
	else
		compat_user_regs(&regs);
	if (!user_mode(regs.cs) || !regs.ip)
		return false;
	if (walk->flags & ENTRY_USER_LEAF)
		compat_event_dwarf_regs(ctx, walk->start);
	else
		compat_user_dwarf_regs(walk->start);
	walk->in_syscall = !(walk->flags & ENTRY_USER_LEAF) && compat_in_syscall();
	if (regs.cs == 0x23) /* __USER32_CS */
		walk->cut = COUNTER_compat_32bit;
	return true;
}

#endif
