/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where an address of a process leads to.
 */
#ifndef PROFOUND_PLACE_H
#define PROFOUND_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "object/object.h"

enum place_kind {
	PLACE_FILE,    /* in a file: object and offset (of the file, not virtual) */
	PLACE_ANON,    /* executable memory without a file: JIT code */
	PLACE_VSYSCALL, /* offset in its page */
	PLACE_CHANGED, /* what was there changed in [first, last] */
	PLACE_NOTHING, /* nothing executable is known there, and the process's maps are known */
	PLACE_UNKNOWN, /* the process's maps are not known */
};

struct place {
	enum place_kind kind;
	struct object *object;
	uint64_t offset;
	uint64_t map_start; /* for opening map_files */
	uint64_t map_end;
};

/* The vsyscall page, which is no process's (arch/x86/include/uapi/asm/vsyscall.h). */
#define PLACE_VSYSCALL_PAGE 0xffffffffff600000ull

/* Is the address in it? */
static inline bool place_is_vsyscall(uint64_t address)
{
	return (address & ~0xfffull) == PLACE_VSYSCALL_PAGE;
}

#endif
