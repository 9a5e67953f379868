/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A location of OTLP or pprof: an address in a mapping, and its functions. What makes a frame of it. */
#ifndef PROFOUND_LOCATION_H
#define PROFOUND_LOCATION_H

#include <stdint.h>

#include "import/assembly.h"

struct location_mapping {
	uint32_t id;   /* profile_mapping(); 0: none */
	uint32_t kind; /* enum frame_kind of its code */
};

struct location {
	struct location_mapping mapping;
	uint64_t address;
	enum frame_type type;
	struct profile_line *lines; /* innermost first; room for one at least */
	uint32_t n_lines;
};

/* What became of it: `cut` is the counter that a frame "[truncated: CAUSE]" of no mapping says, else 0. */
struct location_frame {
	uint32_t frame;
	uint32_t cut;
};

/*
 * The mapping of a profile that one that was read is. The kernel's and that of code made at run time are known by
 * their names and have no addresses; one that says nothing is none. 0 or -ENOMEM.
 */
int location_map(struct assembly *assembly, struct profile_mapping *mapping, struct location_mapping *out);

/* Kernel addresses and those outside of the mapping are left out. Who has no name gets one that stands in for it: with
 * the offset in the file, as there are no headers that tell the virtual address. 0 or -ENOMEM. */
int location_make(struct assembly *assembly, struct location *location, struct location_frame *out);

#endif
