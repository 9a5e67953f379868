/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which program a process runs, and which it ran before its last exec, so that a sample keeps the one it was taken in.
 * Times are CLOCK_MONOTONIC; programs are text ids of the caller's, 0: not known.
 */
#ifndef PROFOUND_PROGRAM_H
#define PROFOUND_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

struct program {
	uint32_t now, before;
	uint64_t now_ns, before_ns; /* since when; 0: before we looked */
	uint32_t read; /* what /proc said, not yet in its place among the records */
	bool comes;    /* what is mapped next is the program */
};

/* A zeroed struct knows nothing. A child has its parent's until it execs. */
void program_inherit(struct program *program, const struct program *parent);
void program_exec(struct program *program, uint64_t time_ns);

/* Something was mapped: is it the program? The kernel maps that before its interpreter (load_elf_binary() in
 * fs/binfmt_elf.c). True once an exec. */
bool program_takes_mapping(struct program *program);

/* What was read at time_ns takes its place. With `lost` records it may have come by an exec that nobody told of. */
void program_settle(struct program *program, bool lost, uint64_t time_ns);

/* The program at a time. */
uint32_t program_at(const struct program *program, uint64_t time_ns);

#endif
