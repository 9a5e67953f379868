/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work that may block where no signal reaches it (a read of memory that a process serves by FUSE), done by a child that
 * is left behind when it does. The child is a fork: it may use memory that is shared (MAP_SHARED) and two descriptors,
 * all others are closed in it, so that one that is stuck keeps nothing alive. No allocation, no stdio in it.
 */
#ifndef PROFOUND_BOUNDED_H
#define PROFOUND_BOUNDED_H

#include <stdint.h>

/* Runs work(context) for `most_ns` at most. fds: the two that stay open. 0: it returned; -ETIMEDOUT: it did not, and was
 * told to die; -EIO: it died; or why there is no child. */
int bounded_run(void (*work)(void *context), void *context, const int fds[2], uint64_t most_ns);

#endif
