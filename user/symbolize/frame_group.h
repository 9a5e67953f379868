/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames of one owner; they are named together. All kernel frames are one group. */
#ifndef PROFOUND_FRAME_GROUP_H
#define PROFOUND_FRAME_GROUP_H

#include <stdint.h>

#include "profile/profile.h"

struct frame_group {
	uint32_t kind, owner;
	const uint32_t *frames; /* ids; not owned */
	uint32_t count;
};

/* Fills in the ids of all `count` frames of the profile, sorted by group, then by address. */
void frame_group_sort(struct profile *profile, uint32_t *frames, uint32_t count);

/* The group that the first of `count` > 0 sorted frames begins. */
struct frame_group frame_group_next(const struct profile *profile, const uint32_t *frames, uint32_t count);

#endif
