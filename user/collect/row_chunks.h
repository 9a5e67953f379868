/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The chunks of a row_pool as BPF arrays in the kernel side's map of maps. Putting one in waits for every program that
 * runs (synchronize_rcu in bpf(2): kernel/bpf/syscall.c, maybe_wait_bpf_programs()), so a thread does it: until then
 * the kernel side finds nothing there, and hands its samples over.
 */
#ifndef PROFOUND_ROW_CHUNKS_H
#define PROFOUND_ROW_CHUNKS_H

#include "unwind/row_pool.h"

struct row_chunks;

/* `outer_fd` is borrowed; it has room for `chunks`. NULL: no memory or no thread. */
struct row_chunks *row_chunks_new(int outer_fd, uint32_t chunks);
/* After the pool's release. */
void row_chunks_free(struct row_chunks *chunks);

struct row_pool_backing row_chunks_backing(struct row_chunks *chunks);

/* Bytes that the chunks take in the kernel. */
uint64_t row_chunks_bytes(struct row_chunks *chunks);
/* How many the kernel side does not see, and never will: it did not take them. */
uint32_t row_chunks_failed(struct row_chunks *chunks);

#endif
