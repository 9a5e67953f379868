/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runtime.firstmoduledata as it lies in a file: says where code and funcdata start. Sources: moduledata in Go's
 * src/runtime/symtab.go: up to etext the same in 1.16.15 to 1.26.8; gofunc is behind rodata since 1.18, and 16 bytes
 * later since 1.20 (covctrs, ecovctrs).
 */
#ifndef PROFOUND_GO_MODULE_H
#define PROFOUND_GO_MODULE_H

#include "object/go_table.h"

struct go_module {
	uint64_t text;   /* runtime.text */
	uint64_t gofunc; /* go:func.*: what funcdata counts from; 0 before 1.18 */
};

/* Finds the one that points to the table and says of the code what functab says, within the table's budget.
 * 0 or -ENODATA. */
int go_module_find(struct go_module *module, struct go_table *table);

#endif
