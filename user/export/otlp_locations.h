/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames as OTLP locations, with their mappings, functions and lines (innermost inlined function first). Frames of
 * equal content are one location: kernel frames, whose addresses are not shown, often are.
 */
#ifndef PROFOUND_OTLP_LOCATIONS_H
#define PROFOUND_OTLP_LOCATIONS_H

#include "abi.h"
#include "export/otlp_dictionary.h"

/* Set in what a frame has become: another frame became the same location. */
#define OTLP_LOCATION_SHARED 0x80000000u

/*
 * What a frame has become, as stacks write it: a varint of up to OTLP_LOCATION_BYTES bytes in the low bits, their number
 * above, and the flag. Encoded once a location and not once a stack that it is in. Where there are more locations than such
 * varints hold, it is the number itself.
 */
#define OTLP_LOCATION_BYTES 3
#define OTLP_LOCATION_SIZE_SHIFT 24
#define OTLP_LOCATIONS_PACKED (1u << 7 * OTLP_LOCATION_BYTES)

struct otlp_function { /* the last one of a name: another one of that name is the same one, mostly */
	uint32_t index, file, first_line;
};

struct otlp_locations {
	struct otlp_dictionary *dictionary;
	uint8_t *wanted;      /* by frame */
	uint32_t *of_frame;   /* location and OTLP_LOCATION_SHARED; packed once all are written */
	uint8_t wanted_cut[COUNTERS]; /* by enum abi_counter */
	uint32_t of_cut[COUNTERS];    /* the same */
	bool packed;
	uint32_t *of_mapping; /* index + 1 */
	uint32_t types[FRAME_TYPES]; /* attributes */
	uint32_t *functions;  /* by index of the line in profile.lines */
	struct otlp_function *last; /* by string of the name */
};

/* 0 or -ENOMEM. */
int otlp_locations_init(struct otlp_locations *locations, struct otlp_dictionary *dictionary);
void otlp_locations_release(struct otlp_locations *locations);

/* Called for all stacks first; `cut` is 0 or an enum abi_counter. */
static inline void otlp_locations_want(
	struct otlp_locations *locations, const uint32_t *frames, uint32_t count, unsigned cut)
{
	for (uint32_t i = 0; i < count; i++)
		locations->wanted[frames[i]] = 1;
	locations->wanted_cut[cut] = cut != 0;
}

/* Writes those that are wanted. 0 or -ENOMEM. */
int otlp_locations_write(struct otlp_locations *locations);

#endif
