/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In which source lines of its functions a profile's time went: by frame of a tree, the heaviest first. A line
 * counts once in a stack, as its function does.
 */
#ifndef PROFOUND_HOT_LINES_H
#define PROFOUND_HOT_LINES_H

#include <stdint.h>

#include "export/tree.h"
#include "profile/profile.h"

#define HOT_LINES_SHOWN 8 /* of a frame; the lighter ones are left out */

struct hot_line {
	uint32_t frame; /* in tree.frames */
	uint32_t file;  /* text id in profile.text */
	uint32_t line;
	uint64_t samples;
};

struct hot_lines {
	struct hot_line *at; /* by frame, then heaviest first */
	uint32_t count;
};

/* Of the profile that the tree was made of. 0, or -ENOMEM and *lines zeroed. */
int hot_lines_init(struct hot_lines *lines, const struct tree *tree, const struct profile *profile);
void hot_lines_release(struct hot_lines *lines);

#endif
