/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Go's pclntab as it lies in a file: finds it, checks its header, knows its functions. Read by need, or loaded whole
 * for who wants all of it.
 * Sources: pcHeader and functab in Go's src/runtime/symtab.go, _func in src/runtime/runtime2.go, 1.16.15 to 1.26.8;
 * the magic numbers in src/internal/abi/symtab.go, 1.26.8.
 */
#ifndef PROFOUND_GO_TABLE_H
#define PROFOUND_GO_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "object/elf.h"
#include "object/elf_pages.h"

#define GO_FUNCTIONS_MAX (4u << 20)
#define GO_HEADERS_TRIED 16u
#define GO_MODULES_TRIED 16u
#define GO_BYTES_SEARCHED (512u << 20)
#define GO_RELOCATIONS_READ (16u << 20)

enum go_magic {
	GO_1_16 = 0xfffffffa, /* 1.16, 1.17: functab holds addresses */
	GO_1_18 = 0xfffffff0, /* 1.18, 1.19: functab holds offsets from runtime.text */
	GO_1_20 = 0xfffffff1, /* since: _func has startLine */
};

/* What may still be done to find a table and its module: in a hostile file everything looks like one of them. Go's own
 * files need a header, a module or three, and 3 to 5 passes over the relocations. */
struct go_budget {
	uint32_t headers, modules; /* places to look at */
	uint64_t bytes;            /* to search in segments, and to load */
	uint64_t relocations;      /* to read, all passes together */
};

struct go_table {
	struct go_budget budget;
	const struct elf *elf;    /* not owned */
	uint64_t offset, address; /* of the header: in the file, and virtual */
	size_t size;
	uint8_t *data;            /* from the header on, relocated; NULL: not loaded */
	struct elf_pages *pages;  /* what it is read through when it is not loaded */
	enum go_magic magic;
	uint32_t n_functions;
	uint64_t low, high; /* functab's first and last entry */
	uint64_t text;      /* what functab's entries count from: runtime.text, or 0 (1.16) */
	size_t names, units, files, pctab, functab; /* offsets from the header */
};

/* One function: [start, end) are ELF virtual addresses; what is not an address or a count is an offset from the
 * header, 0: none. */
struct go_function {
	uint64_t start, end;
	uint64_t name, pcsp, pcfile, pcln;
	uint64_t pcdata;   /* of its n_pcdata words of 32 bits; funcdata follows */
	uint32_t n_pcdata;
	uint32_t unit;     /* where the files of its compilation unit begin in cutab */
	uint32_t first_line; /* 0: not known, before 1.20 */
	uint8_t n_funcdata;
	uint8_t flags;     /* enum go_flag; 1.16 has none, 1.17 no GO_ASM */
};

/* Go's src/internal/abi/symtab.go, FuncFlag. */
enum go_flag { GO_TOP_FRAME = 1, GO_SP_WRITE = 2, GO_ASM = 4 };

/*
 * go_table_find() reads by need; but what 1.16 and 1.17 linked to be position independent needs relocations all over,
 * and is loaded. go_table_init() loads any. 0, or -ENODATA (memory that cannot be had for a table is no table, nor is
 * what is past the budget), and then *table is zeroed but for its budget. `elf` must stay.
 */
int go_table_find(struct go_table *table, const struct elf *elf);
int go_table_init(struct go_table *table, const struct elf *elf);
void go_table_release(struct go_table *table);

/* What lies at an offset from the header, good until the next call. 0 or -EIO; go_table_at() gives at least a byte. */
int go_table_at(const struct go_table *table, uint64_t at, const uint8_t **data, size_t *len);
int go_table_read(const struct go_table *table, uint64_t at, void *data, size_t len);

/* False where the entry is no good. */
bool go_table_function(const struct go_table *table, uint32_t i, struct go_function *function);

/* functab's entry i counted from `text`, in *start, and its _func's offset from functab; i may be n_functions, which
 * has a start only. 0 or -EIO. */
int go_table_entry(const struct go_table *table, uint32_t i, uint64_t *start, uint64_t *func);

/* Of a loaded table. NUL-terminated; "" when its offset is no good. */
const char *go_table_name(const struct go_table *table, const struct go_function *function);

/* A table of pctab by its number there: an offset from the header; 0: none. */
uint64_t go_table_pctab(const struct go_table *table, uint32_t number);

#endif
