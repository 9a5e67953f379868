/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stacks of samples as entries of OTLP's stack table, leaf first. A stack that was cut has the cause as its outermost
 * location. Stacks whose locations are equal are one entry; only one with a shared location can have an equal.
 */
#ifndef PROFOUND_OTLP_STACKS_H
#define PROFOUND_OTLP_STACKS_H

#include "export/otlp_locations.h"

struct otlp_stacks {
	const struct profile *profile;
	struct intern cut; /* of struct cut_stack: its key is the number of whole stacks + id */
	uint32_t keys_cap, samples;
	/* Samples by their place among the chosen ones, + 1; 0: none. By key, which is a stack's id where it is whole;
	 * once the stacks are written by entry. */
	uint32_t *first;
	uint32_t *next; /* by place: another one of the same stack */
};

/* Of so many chosen samples. 0 or -ENOMEM. */
int otlp_stacks_init(struct otlp_stacks *stacks, const struct profile *profile, uint32_t samples);
void otlp_stacks_release(struct otlp_stacks *stacks);

/* Called for all samples first. 0 or -ENOMEM. */
int otlp_stacks_want(struct otlp_stacks *stacks, const struct profile_sample *sample, uint32_t place);
/* Then: all locations of these stacks are wanted. */
void otlp_stacks_want_locations(const struct otlp_stacks *stacks, struct otlp_locations *locations);
/* Writes those that are wanted. 0 or -ENOMEM. */
int otlp_stacks_write(struct otlp_stacks *stacks, const struct otlp_locations *locations);

#endif
