/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames as pprof's locations, with their functions, lines (innermost inlined function first) and mappings. Frames that
 * are equal when they are written are one location: kernel frames, whose addresses are not shown, often are.
 *
 * A function has no system_name: pprof takes a name that equals it for a mangled one, and cuts parameters and template
 * arguments off. Every location has a function, be it [libc.so.6+0x27249]: so has_functions is true, and pprof looks
 * for no file to find one in. The other marks of a mapping say what at least one of its locations has. Where no
 * location has a mapping, as in a profile that was read from folded lines, all are in one without a file that says the
 * same: else pprof makes one up, and complains that its file is not known.
 */
#ifndef PROFOUND_PPROF_LOCATIONS_H
#define PROFOUND_PPROF_LOCATIONS_H

#include "export/pprof_file.h"

struct pprof_locations {
	struct pprof_file *file;
	uint32_t *same;         /* by frame: the one that stands for it */
	uint8_t *wanted;        /* by frame */
	uint8_t *marks;         /* by mapping: what it has */
	uint64_t *weights;      /* by mapping: samples whose outermost frame is in it */
	uint64_t cuts;          /* a bit a cause */
	uint64_t nowhere;       /* mapping id of locations without a mapping; 0: none is needed */
	struct intern functions; /* of struct function: id + 1 is its id */
};

/* 0 or -ENOMEM. */
int pprof_locations_init(struct pprof_locations *locations, struct pprof_file *file);
void pprof_locations_release(struct pprof_locations *locations);

/* Called for all stacks (frame ids, innermost first) and causes (0: not cut) first. */
void pprof_locations_want(struct pprof_locations *locations, const uint32_t *frames, uint32_t count, uint16_t cut,
	uint64_t samples);
/* Writes those that are wanted. 0 or -ENOMEM. */
int pprof_locations_write(struct pprof_locations *locations);

/* Ids. */
static inline uint64_t pprof_location_of_frame(const struct pprof_locations *locations, uint32_t frame)
{
	return (uint64_t)locations->same[frame] + 1;
}

static inline uint64_t pprof_location_of_cut(const struct pprof_locations *locations, uint16_t cut)
{
	return (uint64_t)locations->file->profile->frames.count + 1 + cut;
}

#endif
