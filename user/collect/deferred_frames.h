/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runtime frames of samples that the kernel side handed over (struct abi_deferred_runtime): each comes right before its
 * sample, in the ring that all CPUs share, so the last one of each CPU is kept.
 */
#ifndef PROFOUND_DEFERRED_FRAMES_H
#define PROFOUND_DEFERRED_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "abi.h"

struct deferred_frames_cpu;

struct deferred_frames {
	struct deferred_frames_cpu *cpu;
	uint32_t cpus;
};

/* 0 or -ENOMEM. */
int deferred_frames_init(struct deferred_frames *frames, uint32_t cpus);
void deferred_frames_release(struct deferred_frames *frames);

/* 0; -EINVAL: a record that contradicts itself; -ENOMEM. */
int deferred_frames_keep(struct deferred_frames *frames, const struct abi_deferred_runtime *record, size_t size);

/* Those of a sample, entry.n_runtime; NULL: they are not there. Good until the CPU's next ones are kept. */
const struct abi_runtime_frame *deferred_frames_find(
	const struct deferred_frames *frames, const struct abi_deferred *record);

#endif
