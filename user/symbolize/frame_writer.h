/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes names into the frames of a profile: demangled as asked, clean (text_clean()), inlined functions within their
 * budget. A frame is written in one go.
 */
#ifndef PROFOUND_FRAME_WRITER_H
#define PROFOUND_FRAME_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "base/buf.h"
#include "profile/profile.h"
#include "symbolize/batch.h"
#include "symbolize/inline_budget.h"

struct frame_writer {
	struct profile *profile; /* borrowed; its names have begun */
	bool demangle, no_inline;
	uint64_t *counters; /* by enum abi_counter; borrowed */
	struct inline_budget inlines;
	struct buf plain, clean, file;
};

/* 0 or -ENOMEM. */
int frame_writer_init(struct frame_writer *writer, struct profile *profile, bool demangle, bool no_inline,
	uint64_t *counters);
void frame_writer_release(struct frame_writer *writer);

/* 0 or -ENOMEM, all of them. why_not 0: `text` is a name; else a stand-in, and an enum abi_counter of class FRAME. */
int frame_writer_put(struct frame_writer *writer, uint32_t frame, const char *text, enum abi_counter why_not);
/* An interpreter's function, and the line that ran; 0: not known. 0 or -ENOMEM. */
int frame_writer_put_function(struct frame_writer *writer, uint32_t frame, const struct profile_function *function,
	uint32_t line);
/* "[FILE+0xADDRESS]", FILE without brackets of its own. */
int frame_writer_put_offset(struct frame_writer *writer, uint32_t frame, const char *file, uint64_t address,
	enum abi_counter why_not);

/* Who an item's outermost function is; NULL: nobody knows. */
const char *frame_writer_function(const struct batch_item *item);
/* All functions and lines of an item that has one. */
int frame_writer_put_named(struct frame_writer *writer, const struct batch_item *item);

#endif
