/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From one entry of a unit to the next (DWARF 5, section 7.5), by what its abbreviation says of its size, worked out
 * once an abbreviation. libdw's dwarf_siblingof() looks at every attribute of every entry anew; most entries of a
 * program are only passed over.
 */
#ifndef PROFOUND_DWARF_ENTRIES_H
#define PROFOUND_DWARF_ENTRIES_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DWARF_ABBREVIATIONS_MAX 65536u /* of a unit */

struct dwarf_shape;

struct dwarf_entries {
	Dwarf_CU *unit;
	const uint8_t *start, *end; /* of the unit */
	uint8_t address_size, offset_size;
	uint16_t version;
	struct dwarf_shape **shapes; /* by abbreviation code; NULL: not seen yet */
	size_t n_shapes;
};

struct dwarf_shape {
	unsigned tag;
	bool children, code; /* code: has an attribute that says where its code is */
	bool broken;         /* its size cannot be told */
	int32_t sibling;     /* where DW_AT_sibling is, of 4 bytes, after the abbreviation code; -1: nowhere */
	uint16_t n_steps;
	int32_t steps[];     /* over the attributes: a number of bytes, or an enum step */
};

/* 0; -EBADMSG; -ENOMEM. `unit`: its first entry. */
int dwarf_entries_init(struct dwarf_entries *entries, Dwarf_Die *unit);
void dwarf_entries_release(struct dwarf_entries *entries);

/* What the entry is; NULL: it makes no sense (or there is no memory). */
const struct dwarf_shape *dwarf_entries_shape(struct dwarf_entries *entries, Dwarf_Die *die);

/* As dwarf_siblingof() and parser_child(): 0; 1: there is none; -EBADMSG. */
int dwarf_entries_sibling(struct dwarf_entries *entries, Dwarf_Die *die, Dwarf_Die *next);
int dwarf_entries_child(struct dwarf_entries *entries, Dwarf_Die *die, Dwarf_Die *child);

#endif
