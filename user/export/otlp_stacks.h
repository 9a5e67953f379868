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
	uint32_t *whole;     /* by stack id: its entry; 1 before it is written: it is wanted */
	struct intern cut;   /* of struct cut_stack */
	uint32_t *cut_entries; /* by id in `cut` */
	uint32_t *scratch;   /* locations of one stack */
	uint32_t scratch_cap;
};

/* 0 or -ENOMEM. */
int otlp_stacks_init(struct otlp_stacks *stacks, const struct profile *profile);
void otlp_stacks_release(struct otlp_stacks *stacks);

/* Called for all samples before anything of them is written: their frames and cuts are wanted as locations. 0 or
 * -ENOMEM. */
int otlp_stacks_want(
	struct otlp_stacks *stacks, const struct profile_sample *sample, struct otlp_locations *locations);
/* Writes those that are wanted. 0 or -ENOMEM. */
int otlp_stacks_write(struct otlp_stacks *stacks, const struct otlp_locations *locations);

/* The entry of a sample that was wanted. */
uint32_t otlp_stacks_of(const struct otlp_stacks *stacks, const struct profile_sample *sample);

#endif
