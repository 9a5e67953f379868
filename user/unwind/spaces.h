/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes whose stacks the kernel side walks itself (struct abi_space): those of which samples were handed over
 * more than once. What is mapped in them is published with the tables that are there; what is not known sends the
 * sample here again, and the space is published anew with what it led to.
 *
 * A published space does not change. One that was replaced can still be read by a program under way, and stands in the
 * samples of up to two intervals: it is kept until two spaces_epoch() later.
 */
#ifndef PROFOUND_SPACES_H
#define PROFOUND_SPACES_H

#include <stdint.h>

#include "abi.h"
#include "process/process.h"
#include "unwind/arena.h"
#include "unwind/tables.h"

struct spaces;

/* `slots` (ABI_SPACE_SLOTS words, zeroed), `arena`, `tables` are borrowed. NULL: no memory. */
struct spaces *spaces_new(uint64_t *slots, struct arena *arena, struct tables *tables);
void spaces_free(struct spaces *spaces);

/*
 * A sample of the process was handed over, and its maps were read since, if they could be. `cut` is how its walk here
 * ended: one that is larger than what can be handed over has its process published at once. 0 or -ENOMEM.
 */
int spaces_wanted(struct spaces *spaces, struct process *process, const struct abi_entry *entry,
	uint8_t cut);

/* Publishes what is wanted, as far as there is room, and whatever holds an evicted table anew. */
void spaces_publish(struct spaces *spaces);

/* An entry was walked by a space (entry->space): what was mapped in it, as the kernel side was told; good until
 * spaces_epoch(). 0; -ESTALE: nobody knows any more. */
int spaces_use(struct spaces *spaces, const struct abi_entry *entry, const struct layout **layout);

/* An interval was read: whatever swapped before the last one was is read by nobody any more. */
void spaces_epoch(struct spaces *spaces);

struct spaces_figures {
	uint32_t published;
	uint64_t publications;
	uint64_t no_room;
};

struct spaces_figures spaces_figures(const struct spaces *spaces);

#endif
