/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How whoever records gives up what it does not need: takes what only the start has the right to, keeps a few capabilities
 * (capabilities.h), and forbids itself system calls (call_filter.h) when sampling has begun.
 *
 * In this order: privileges_take(), privileges_lower() while there is one thread, start, call_filter_install(). A child that
 * is to have what the user had is forked before.
 */
#ifndef PROFOUND_PRIVILEGES_H
#define PROFOUND_PRIVILEGES_H

#include <stdint.h>
#include <stdio.h>

#include "base/fault.h"

/* Good for as long as it is open, whatever becomes of the privilege; children have it too. */
struct privileges {
	FILE *kallsyms;    /* NULL: it cannot be read */
	FILE *spare;       /* the same, for another child beside the one that reads: where a file is read, all who have it share */
	int statistics_fd; /* keeps the kernel counting the run time of BPF programs; -1: not allowed */
};

#define PRIVILEGES_NONE ((struct privileges){.statistics_fd = -1})

/* Raises limits and opens what is to be had; what is not costs its figure or its names. */
void privileges_take(struct privileges *privileges);

/* Keeps of all capabilities those that sampling needs, and those in `also`. 0, or a negative errno with the fault filled. */
int privileges_lower(uint64_t also, struct fault *fault);

/* Whoever is forked from here on reads the other one. */
void privileges_turn(struct privileges *privileges);

void privileges_release(struct privileges *privileges);

#endif
