/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A snapshot made for a test: a chain of frames in code made at run time, walked by frame pointer. */
#ifndef MADE_SNAPSHOT_H
#define MADE_SNAPSHOT_H

#include <stdlib.h>
#include <string.h>

#include "unwind/snapshot.h"

#define MADE_CODE 0x500000ULL
#define MADE_STACK 0x7ffc00000000ULL
#define MADE_WORDS 512
#define MADE_GAP 4 /* words a frame */

/* The caller whose return address is found in frame i, 0 the leaf's. */
static inline uint64_t made_return(unsigned i)
{
	return MADE_CODE + 16 * (i + 1);
}

static inline void made_chain(uint64_t *words, unsigned callers)
{
	for (unsigned i = 0; i < callers; i++) {
		words[i * MADE_GAP] = i + 1 < callers ? MADE_STACK + 8 * (i + 1) * MADE_GAP : 0;
		words[i * MADE_GAP + 1] = made_return(i);
	}
}

static inline void made_snapshot(struct snapshot *snapshot, unsigned callers)
{
	uint64_t *words = calloc(MADE_WORDS, sizeof(*words));

	*snapshot = (struct snapshot){
		.reg = {[6] = MADE_STACK, [7] = MADE_STACK, [16] = MADE_CODE},
		.stack = {.bytes = (uint8_t *)words, .at = MADE_STACK, .sp = MADE_STACK, .len = 8 * MADE_WORDS,
			.full = true},
		.files = calloc(4, sizeof(struct snapshot_file)),
		.maps = calloc(4, sizeof(struct snapshot_map)),
		.frames = calloc(4, sizeof(struct snapshot_frame)),
		.n_files = 1, .n_maps = 2, .n_frames = 1, .cut = COUNTER_corrupt,
	};
	made_chain(words, callers);
	snapshot->files[0] = (struct snapshot_file){.name = strdup("libmade.so"), .build_id = {1, 2, 3},
		.build_id_size = 3, .fd = -1};
	snapshot->maps[0] = (struct snapshot_map){MADE_CODE, MADE_CODE + 0x10000, 0, SNAPSHOT_ANONYMOUS};
	snapshot->maps[1] = (struct snapshot_map){0x600000, 0x601000, 0x2000, 0};
	snapshot->frames[0] = (struct snapshot_frame){MADE_CODE, true, strdup("made")};
}

#endif
