/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes one stack of a native one and the frames of an interpreter that ran in it: each native frame of the
 * interpreter's loop gives way to the group of frames that it executes; all others stay where they are. Pure.
 *
 * Innermost first on all sides. Native user frames come as their kinds, runtime frames as the kernel side gives them
 * (abi_runtime.h: groups). Group i from inside belongs to loop frame i from inside, but:
 *
 * - One loop frame more than there are groups: the innermost loop begins or ends, and stays as it is. So does the loop
 *   frame of a group without frames.
 * - What is part of a loop frame goes with it.
 * - A greenlet's frames end where it was started, in greenlet's own code (greenlet 0.4 to 3: g_initialstub() calls the
 *   first function; what lies further out is a copy of whoever switched to it, or overwritten since). The thread state
 *   has the current greenlet's frames alone, so the stack ends there, and is whole.
 * - Where a list is cut its outer end is missing: the other's is appended, and the stack stays cut.
 */
#ifndef PROFOUND_WEAVE_H
#define PROFOUND_WEAVE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

enum weave_kind {
	WEAVE_NATIVE, /* any code */
	WEAVE_LOOP,   /* the interpreter's loop */
	WEAVE_SWITCH, /* greenlet's */
	WEAVE_PART,   /* called by the loop frame that is next, and part of it */
};

struct weave_input {
	const uint8_t *native; /* enum weave_kind */
	uint32_t n_native;
	const struct abi_runtime_frame *frames;
	uint32_t n_frames;   /* ABI_RUNTIME_FRAMES at most */
	uint8_t cut;         /* of the native stack: enum abi_counter of class CUT; 0: whole */
	uint8_t runtime_cut; /* of the runtime's frames */
};

struct weave_item {
	uint32_t index; /* into frames or native */
	bool runtime;
};

#define WEAVE_ITEMS (ABI_FRAMES + ABI_RUNTIME_FRAMES)

struct weave_output {
	struct weave_item items[WEAVE_ITEMS];
	uint32_t n;
	uint8_t cut;   /* of the whole */
	bool mismatch; /* loop frames and groups do not pair: they are in order, each for itself, but where they meet is a guess */
};

/* n_native is ABI_FRAMES at most. */
void weave(struct weave_output *out, const struct weave_input *input);

#endif
