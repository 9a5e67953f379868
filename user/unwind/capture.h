/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot of a live thread. It is stopped meanwhile by ptrace(2), some milliseconds; a system call that it waits in
 * can end with EINTR by that, as after SIGSTOP and SIGCONT (signal(7)).
 */
#ifndef PROFOUND_CAPTURE_H
#define PROFOUND_CAPTURE_H

#include "base/fault.h"
#include "unwind/snapshot.h"

#define CAPTURE_STACK (256u << 10) /* bytes above sp that are copied: four times what a sample carries */

/*
 * Registers, stack, mappings and the files that the walk can need, opened; no frames yet. `tid` is a process (its first
 * thread) or any thread. 0; or a negative errno, *snapshot zeroed and the fault filled: no such process, no privilege,
 * a 32-bit process, too many mappings, no memory.
 */
int capture_thread(struct snapshot *snapshot, uint32_t tid, struct fault *fault);

#endif
