/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes one stack of a native one and the frames of an interpreter that ran in it: each native frame of the
 * interpreter's loop gives way to the group of frames that it executes; all others stay where they are. Pure.
 *
 * Innermost first on all sides. Native frames come as their kinds, runtime frames as the kernel side gives them
 * (abi_runtime.h: groups). Group i from inside belongs to loop frame i from inside.
 */
#ifndef PROFOUND_WEAVE_H
#define PROFOUND_WEAVE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

enum weave_kind {
	WEAVE_NATIVE, /* any code */
	WEAVE_LOOP,   /* the interpreter's loop */
	WEAVE_SWITCH, /* greenlet's: below it the stack is another's, or begins */
};

struct weave_input {
	const uint8_t *native; /* enum weave_kind */
	uint32_t n_native;
	const struct abi_runtime_frame *frames;
	uint32_t n_frames;
	uint8_t cut;         /* of the native stack: enum abi_counter of class CUT; 0: whole */
	uint8_t runtime_cut; /* of the runtime's frames */
};

struct weave_item {
	uint32_t index; /* into frames or native */
	bool runtime;
};

struct weave_output {
	struct weave_item items[ABI_USER_FRAMES + ABI_RUNTIME_FRAMES];
	uint32_t n;
	uint8_t cut;      /* of the whole */
	bool mismatch;    /* groups and loop frames do not pair: the order is a guess, and the stack unverified */
};

void weave(struct weave_output *out, const struct weave_input *input);

#endif
