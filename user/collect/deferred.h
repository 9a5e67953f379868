/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples that the kernel side handed over unwalked (struct abi_deferred): walks them here and resolves them. */
#ifndef PROFOUND_DEFERRED_H
#define PROFOUND_DEFERRED_H

#include <stddef.h>

#include "abi.h"
#include "collect/deferred_frames.h"
#include "collect/resolve.h"

struct stack_walk;

/* Sees a record that both sides have walked (abi_deferred.compared), and what came out here. */
typedef void deferred_witness(
	void *context, const struct abi_deferred *record, const struct stack_walk *walk);

struct deferred {
	struct resolver *resolver; /* borrowed */
	deferred_witness *witness; /* NULL: none */
	void *context;
	struct deferred_frames *frames; /* borrowed: of interpreters */
};

/* Adds one record's sample to the profile, and has its process published. The process's maps were read since, if they could be. A record that is
 * cut short is counted as user_memory. */
void deferred_add(struct deferred *deferred, const struct abi_deferred *record, size_t size);

#endif
