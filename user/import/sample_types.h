/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the samples of a file can be counted in, and which of it is read. */
#ifndef PROFOUND_SAMPLE_TYPES_H
#define PROFOUND_SAMPLE_TYPES_H

#include <stdint.h>

#include "import/input.h"
#include "profile/profile.h"

#define SAMPLE_TYPES_MAX 64

struct sample_types {
	struct {
		uint32_t type, unit; /* text ids */
	} at[SAMPLE_TYPES_MAX];
	unsigned count;
};

/* One more, also if it is there. False: too many. */
bool sample_types_add(struct sample_types *types, uint32_t type, uint32_t unit);
/* The first of these, or `count`. */
unsigned sample_types_find(const struct sample_types *types, uint32_t type, uint32_t unit);

/* The index of that of the name, TYPE or TYPE/UNIT; -ENODATA: it is not there, and the fault says what is. */
int sample_types_choose(const struct sample_types *types, const struct profile *profile, const char *name,
	const struct input *input, struct fault *fault);

#endif
