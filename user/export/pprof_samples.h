/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The samples of a pprof file. Those that are equal when they are written (process and pid are not) are one: stacks are
 * compared by their locations, where nothing is copied, and samples sorted by what they are.
 *
 * Labels: comm on every sample; process.executable.name, container.id and service (service.name) of the process's
 * resource where they are known; unverified = "true" only where it is so. There is no label service.name: Pyroscope
 * 1.12 makes service_name of it, which every profile there has already, and refuses the file ("duplicate label name").
 */
#ifndef PROFOUND_PPROF_SAMPLES_H
#define PROFOUND_PPROF_SAMPLES_H

#include "export/pprof_locations.h"

#define PPROF_WHO_LABELS 3

struct pprof_samples {
	struct pprof_locations *locations;
	uint64_t cpu_period;    /* ns: a second value is count x period; 0: there is one value */
	uint32_t *same_stack;   /* by stack: the one that stands for it */
	uint32_t *labels_of;    /* by process: id in `labels` */
	struct intern labels;   /* of uint32_t[PPROF_WHO_LABELS]: text ids + 1; 0: none */
	uint32_t *order;        /* indices into profile.samples, equal ones side by side */
	uint32_t count;
};

/* 0 or -ENOMEM. Samples of a count of 0 are left out. The locations of the others are wanted. */
int pprof_samples_init(struct pprof_samples *samples, struct pprof_locations *locations, uint64_t cpu_period);
void pprof_samples_release(struct pprof_samples *samples);

void pprof_samples_write(const struct pprof_samples *samples);

#endif
