/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All parts of a function that the compiler has split (GCC's -freorder-blocks-and-partition: FUNCTION.cold), in a file
 * without .symtab: parts are where jumps of the function lead that jump back into its middle, and begin where an FDE does
 * (.eh_frame_hdr: LSB Core, "The .eh_frame_hdr section"). x86-64.
 */
#ifndef PROFOUND_CPYTHON_LOOP_H
#define PROFOUND_CPYTHON_LOOP_H

#include <stdint.h>

#include "object/elf.h"

#define CPYTHON_LOOPS 16

struct cpython_range {
	uint64_t start, end;
};

/* The parts of the function [whole.start, whole.end), ELF addresses, that lie elsewhere, into parts[CPYTHON_LOOPS]. Their
 * number, 0 when there are none or they cannot be told; -ENOMEM. */
int cpython_loop_parts(const struct elf *elf, struct cpython_range whole, struct cpython_range *parts);

#endif
