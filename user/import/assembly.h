/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What readers of files make a profile of. Frames are told apart by all that is known of them, so that those of
 * several files merge; names are made clean. A zeroed struct is empty; `profile` is set by who owns both.
 *
 * A file that shares a deep stack among many samples is small, and what walks all of it (the exporters) is not: each
 * distinct sample costs the functions of its stack, and a file may cost so much and no more (assembly_begin()).
 */
#ifndef PROFOUND_ASSEMBLY_H
#define PROFOUND_ASSEMBLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/intern.h"
#include "profile/profile.h"

struct assembly {
	struct profile *profile;
	struct intern places; /* of struct place and its lines: the id is the frame's */
	uint64_t *functions;  /* one a stack: those of all its frames */
	uint32_t functions_cap;
	uint32_t named;       /* frames that have their names in the profile */
	uint64_t functions_left;
	uint64_t total; /* of all samples' counts */
	struct buf clean, place;
};

#define ASSEMBLY_FUNCTIONS_FREE (UINT64_C(4) << 20)
#define ASSEMBLY_FUNCTIONS_A_BYTE 16

/* Where a frame is; its functions apart. Interned by its bytes: no padding. */
struct place {
	uint32_t kind;    /* enum frame_kind */
	uint32_t mapping; /* profile_mapping(); 0: none */
	uint64_t address; /* as struct frame_names has it */
	uint32_t type;    /* enum frame_type */
	uint32_t named;   /* 0: the one line's function stands in for a name */
};

_Static_assert(sizeof(struct place) == 24, "place");

void assembly_release(struct assembly *assembly);

/* A file begins: of so many bytes. */
void assembly_begin(struct assembly *assembly, size_t size);
/* The file's frames get their names. 0 or -ENOMEM. */
int assembly_end(struct assembly *assembly);

/* Bytes of a text: many refer to one, and each of these may cost all of it. Ours are shorter, with lines, too. */
#define ASSEMBLY_TEXT_MAX 4096

/* The id of a text, made fit to print. 0 or -ENOMEM. */
int assembly_text(struct assembly *assembly, const char *data, size_t len, uint32_t *id);

/* The mapping of a file of which nothing else is known. 0 or -ENOMEM. */
int assembly_mapping(struct assembly *assembly, const char *file, uint32_t *mapping);

/* The frame of a place and its functions, innermost first, 1 to UINT16_MAX. 0 or -ENOMEM. */
int assembly_frame(struct assembly *assembly, const struct place *place, const struct profile_line *lines,
	uint32_t count, uint32_t *frame);
/* Frame ids, innermost first. 0 or -ENOMEM. */
int assembly_stack(struct assembly *assembly, const uint32_t *frames, uint32_t count, uint32_t *stack);

/* The process of a resource: attributes sorted by key, none: of a file that has no such thing. 0 or -ENOMEM. */
int assembly_process(struct assembly *assembly, const struct profile_attribute *attributes, uint32_t count,
	uint32_t *process);

/* 0; -ENOMEM; -E2BIG: the samples' stacks cost more than the file may; -EOVERFLOW: more than INT64_MAX in all. */
int assembly_sample(struct assembly *assembly, const struct profile_sample *sample, uint64_t count);

#endif
