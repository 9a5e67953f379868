/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walk over a snapshot: by stack_walk(), as over a sample, in a process made of what the snapshot knows. */
#ifndef PROFOUND_REPLAY_H
#define PROFOUND_REPLAY_H

#include "base/fault.h"
#include "unwind/snapshot.h"

struct replay {
	const struct snapshot *snapshot; /* not owned */
	struct objects *objects;
	struct processes *processes;
	struct process *process;
	struct tables *tables;
	struct stack_walk walk;
};

/* Walks. 0; -ENOMEM; -EMFILE. On failure *replay is zeroed. The snapshot must outlive it. */
int replay_init(struct replay *replay, const struct snapshot *snapshot);
void replay_release(struct replay *replay);

/* Where a frame is: its file, NULL when it is in none, and the ELF virtual address there (the offset in the file where
 * no segment covers that). */
const struct snapshot_file *replay_place(const struct replay *replay, uint64_t address, uint64_t *in_file);

/* Keeps the walk in its snapshot, frames named by what symbols the files have. 0 or -ENOMEM. */
int replay_keep(const struct replay *replay, struct snapshot *snapshot);

/*
 * Do two replays of one stack (a snapshot, and what it became in a file) give the same, in the walk and in every rule
 * that another walk could ask for? 0; -EBADE with a fault that says where they part; -ENOMEM.
 */
int replay_compare(struct replay *replay, struct replay *other, struct fault *fault);

#endif
