/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waits, on a thread of its own, until every BPF program and every perf record that was under way has finished:
 * both run inside an RCU read-side critical section, and membarrier(MEMBARRIER_CMD_GLOBAL) is synchronize_rcu()
 * (kernel/sched/membarrier.c). Where the kernel refuses it (nohz_full), the thread runs once on every CPU instead:
 * whatever interrupt had been running there is over.
 */
#ifndef PROFOUND_GRACE_H
#define PROFOUND_GRACE_H

#include <stdint.h>

struct grace;

struct grace *grace_new(void);
void grace_free(struct grace *grace);

/* Starts a wait; one at a time. */
void grace_begin(struct grace *grace);

/* Readable when the wait is over. */
int grace_fd(const struct grace *grace);

/* Ends the wait (blocks until it is over). Returns the time up to which everything is finished: CLOCK_MONOTONIC,
 * after grace_begin(), before the wait. */
uint64_t grace_end(struct grace *grace);

#endif
