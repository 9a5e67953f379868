/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Go's pclntab as it lies in a file: finds it, checks its header, knows where the code starts.
 * Sources: pcHeader, moduledata and functab in Go's src/runtime/symtab.go, 1.16.15 to 1.26.8; the magic numbers in
 * src/internal/abi/symtab.go, 1.26.8.
 */
#ifndef PROFOUND_GO_TABLE_H
#define PROFOUND_GO_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "object/elf.h"

#define GO_FUNCTIONS_MAX (4u << 20)

enum go_magic {
	GO_1_16 = 0xfffffffa, /* 1.16, 1.17: functab holds addresses */
	GO_1_18 = 0xfffffff0, /* 1.18, 1.19: functab holds offsets from runtime.text */
	GO_1_20 = 0xfffffff1, /* since: _func has startLine */
};

struct go_table {
	uint8_t *data; /* from the header on, relocated */
	size_t size;
	enum go_magic magic;
	uint32_t n_functions;
	uint64_t text; /* what functab's entries count from: runtime.text, or 0 (1.16) */
	size_t names, pctab, functab; /* offsets into data */
};

/* One function: [start, end) are ELF virtual addresses. */
struct go_function {
	uint64_t start, end;
	const char *name; /* NUL-terminated; "" when its offset is no good */
	size_t pcsp; /* offset into data; 0: none */
	uint8_t flags; /* enum go_flag; 1.16 has none, 1.17 no GO_ASM */
};

/* Go's src/internal/abi/symtab.go, FuncFlag. */
enum go_flag { GO_TOP_FRAME = 1, GO_SP_WRITE = 2, GO_ASM = 4 };

/* 0 or -ENODATA (memory that cannot be had for a table is no table). On failure *table is zeroed. */
int go_table_init(struct go_table *table, const struct elf *elf);
void go_table_release(struct go_table *table);

/* False where the entry is no good. */
bool go_table_function(const struct go_table *table, uint32_t i, struct go_function *function);

#endif
