/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All rows of one file, in the pages that the kernel searches (abi.h), and what there is to say
 * about them. Built from .eh_frame (with or without .eh_frame_hdr), Go's pclntab where that has
 * nothing, then .debug_frame.
 */
#ifndef PROFOUND_UNWIND_TABLE_H
#define PROFOUND_UNWIND_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "object/rules.h"

/* 40 MiB: the largest browser has 7,000. */
#define UNWIND_TABLE_PAGES 20480

struct unwind_table {
	struct abi_row *rows; /* pages x ABI_ROWS */
	uint64_t *bases;      /* one a page, ascending: ELF virtual addresses */
	uint32_t pages;
	uint64_t n_rows;      /* used ones */
	uint64_t unsupported; /* of them: CFA_UNSUPPORTED, whatever the cause */
	uint64_t no_room;  /* rows that a full dictionary or a limit turned unsupported, or away */
	uint64_t overlaps; /* functions shortened because an earlier one covers the same code */
	uint64_t broken;   /* CFI entries that contradict themselves: unsupported, or away */
	uint64_t skipped;  /* sections that are compressed or too large */
};

/*
 * Builds from an ELF file, read with pread, never mapped; a hostile file costs its rows, within
 * caps on every size. New rules are added to `rules`. 0; -ENOEXEC no ELF file of x86-64; -ENODATA
 * no unwind information at all; -E2BIG more than UNWIND_TABLE_PAGES; -EIO; -ENOMEM; on failure *table is zeroed.
 */
int unwind_table_init(struct unwind_table *table, int fd, struct rules *rules);
void unwind_table_release(struct unwind_table *table);

/*
 * The rule id at an ELF virtual address; 0 (CFA_NONE) where nothing covers it. A page's last row
 * holds up to the next page, so that an offset past 0xfffe is looked up as 0xfffe.
 */
uint16_t unwind_table_find(const struct unwind_table *table, uint64_t address);

#endif
