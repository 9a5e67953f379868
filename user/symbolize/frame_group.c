// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/frame_group.h"

#include <stdlib.h>

static int by_owner(const void *left, const void *right, void *context)
{
	const struct frame *a = profile_get_frame(context, *(const uint32_t *)left);
	const struct frame *b = profile_get_frame(context, *(const uint32_t *)right);

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->owner != b->owner)
		return a->owner < b->owner ? -1 : 1;
	return (a->address > b->address) - (a->address < b->address);
}

void frame_group_sort(struct profile *profile, uint32_t *frames, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		frames[i] = i;
	qsort_r(frames, count, sizeof(*frames), by_owner, profile);
}

struct frame_group frame_group_next(const struct profile *profile, const uint32_t *frames, uint32_t count)
{
	const struct frame *first = profile_get_frame(profile, frames[0]);
	struct frame_group group = {.kind = first->kind, .owner = first->owner, .frames = frames};

	while (group.count < count) {
		const struct frame *frame = profile_get_frame(profile, frames[group.count]);

		if (frame->kind != group.kind || (frame->owner != group.owner && group.kind != FRAME_KERNEL))
			break;
		group.count++;
	}
	return group;
}
