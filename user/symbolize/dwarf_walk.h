/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One walk over a unit's entries for many addresses. Entries that cover none of them are passed over with all that is
 * below. No recursion: the depth is the file's choice.
 */
#ifndef PROFOUND_DWARF_WALK_H
#define PROFOUND_DWARF_WALK_H

#include <elfutils/libdw.h>
#include <stddef.h>
#include <stdint.h>

#include "symbolize/dwarf_entries.h"
#include "symbolize/dwarf_file.h"

#define DWARF_DEPTH_MAX 1024

/* A function, or an inlined one, that covers wanted addresses. */
struct dwarf_function {
	Dwarf_Die die;
	int32_t parent; /* what it is inlined into; -1: it is no inlined one */
};

struct dwarf_walk {
	const struct dwarf_file *file;
	struct dwarf_entries entries;
	const uint64_t *addresses; /* sorted */
	size_t count;
	int32_t *found; /* one an address: the innermost function that covers it; -1: none */
	struct dwarf_function *functions;
	size_t n_functions, functions_cap;
	uint32_t *subset; /* stack of address numbers: those that the levels cover */
	size_t n_subset, subset_cap;
};

/* 0 or -ENOMEM. */
int dwarf_walk_init(struct dwarf_walk *walk, const struct dwarf_file *file, const uint64_t *addresses, size_t count);
void dwarf_walk_release(struct dwarf_walk *walk);

/* First where compilers put functions; then, if some address is in none, everywhere. Once a walk. 0; -EBADMSG;
 * -ENOMEM. */
int dwarf_walk_unit(struct dwarf_walk *walk, Dwarf_Die *unit);

#endif
