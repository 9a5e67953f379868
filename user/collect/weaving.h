/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sample's interpreter frames on their way into the profile: named, and woven into the native ones. */
#ifndef PROFOUND_WEAVING_H
#define PROFOUND_WEAVING_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/resolve.h"

struct weaving {
	const struct resolver *resolver;
	const struct abi_entry *entry;
	const struct abi_runtime_frame *runtime; /* entry->n_runtime of them */
	uint8_t kinds[ABI_FRAMES]; /* enum weave_kind, of each native user frame */
	uint32_t object;  /* of the frame before, if that is a file's */
	bool loops;       /* one of them is an interpreter's loop */
	bool unsupported; /* and not of a known version or build */
};

/* Notes what code native user frame `i` is in; they come in order. */
void weaving_note(struct weaving *weaving, uint32_t i, const struct place *place, struct interpreter_code code);

/*
 * Makes one of `count` native user frames (ids in the profile, innermost first; there is room for ABI_RUNTIME_FRAMES
 * more) and the runtime's. *cut: of the native stack, and then of the whole; *unverified is set when they do not pair. 0
 * or -ENOMEM.
 */
int weaving_apply(struct weaving *weaving, uint32_t *frames, uint32_t *count, uint32_t *cut, bool *unverified);

#endif
