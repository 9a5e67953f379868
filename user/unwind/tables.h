/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The unwind tables of files that were sampled, built at the first need and kept, and the rules that they share.
 */
#ifndef PROFOUND_TABLES_H
#define PROFOUND_TABLES_H

#include <stdint.h>

#include "abi.h"
#include "object/object.h"

struct tables;

struct tables *tables_new(void);
void tables_free(struct tables *tables);

/*
 * The rule at an offset of a file (of the vDSO's image), good until the next call. NULL: the file cannot be read,
 * has no unwind information at all, or no segment there. A rule of CFA_NONE: its tables do not cover the address.
 */
const struct abi_rule *tables_find(
	struct tables *tables, const struct object *object, uint64_t offset);

#endif
