/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a function of a stack is called wherever people see it: as in folded lines (CLI.md, "Folded lines"). */
#ifndef PROFOUND_FRAME_LABEL_H
#define PROFOUND_FRAME_LABEL_H

#include <stdbool.h>

#include "base/buf.h"
#include "profile/profile.h"

/* Appends the name of one line of a frame: clean, no `;`, "_[k]" behind the kernel's; with `source` and where it is
 * known, the source line before that: "function (file.c:12)". A failed append stays set in the buffer. */
void frame_label_put(struct buf *buf, const struct profile *profile, uint32_t frame, const struct profile_line *line,
	bool source);

#endif
