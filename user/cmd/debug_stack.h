/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `profound debug stack PID [-o FILE]` and `profound debug sample FILE`: the stack of a live thread, now, and of a
 * snapshot that was kept. Both print one line a frame, innermost first, and how the walk ended:
 *
 *   #N ADDRESS FUNCTION (FILE+0xADDRESS) regs|cfi|fp
 *   complete [but unverified: N frames by frame pointer] | cut: CAUSE: what it means
 *
 * ADDRESS is the one that is looked up (a return address less one), in the file an ELF virtual address; the last word
 * says how the frame was found.
 */
#ifndef PROFOUND_DEBUG_STACK_H
#define PROFOUND_DEBUG_STACK_H

#include "base/fault.h"

/* 0, or a negative errno with the fault filled. `save`: where to keep the snapshot, or NULL. */
int debug_stack(const char *pid, const char *save, struct fault *fault);
int debug_sample(const char *path, const char *save, struct fault *fault);

/* Is it a number that can be a process's? 0, or -EINVAL with the fault filled. */
int debug_stack_check(const char *pid, struct fault *fault);

#endif
