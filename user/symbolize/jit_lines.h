/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Source lines from a jitdump's JIT_CODE_DEBUG_INFO (Linux 6.12, tools/perf/Documentation/jitdump-specification.txt,
 * VII): entries {u64 address, u32 line, u32 column, name NUL}; a name of "\xff" is that of the entry before
 * (tools/perf/util/jitdump.h, debug_entry_next). An address belongs to the entry with the greatest address that is
 * not above it.
 *
 * A record is believed whole or not at all: V8 11.3 (Node 20) writes file names from memory that it has freed, which
 * shows as entries outside of the function or names that are no text. V8 also adds the size of an ELF header to all
 * addresses (src/diagnostics/perf-jit.cc, kElfHeaderSize), for what perf inject makes of them; `shift` takes it off.
 */
#ifndef PROFOUND_JIT_LINES_H
#define PROFOUND_JIT_LINES_H

#include "symbolize/code_lines.h"
#include "symbolize/jit_history.h"

#define JIT_LINES_HEADER 16u           /* u64 code address, u64 number of entries */
#define JIT_LINES_ENTRY 16u            /* without its name */
#define JIT_LINES_BYTES_MAX (4u << 20) /* of one function */
#define JIT_LINES_SHIFT 64u            /* sizeof(Elf64_Ehdr) */

#define JIT_LINES_ITEMS_MAX 65536u     /* addresses of one process whose lines are looked for */
#define JIT_LINES_COST_MAX (64ull << 20) /* bytes of records that this may read */

struct jit_lines_spent {
	uint32_t items;
	uint64_t bytes;
};

/* The line of `address`, a place in debug->code as it was then, goes to the empty `lines`. 0; -ENOENT: it has none;
 * -EINVAL: the record is not believed; -EIO; -ENOMEM; -E2BIG: too much was spent already. */
int jit_lines_find(int fd, const struct jit_debug *debug, uint64_t address, uint64_t shift,
	struct jit_lines_spent *spent, struct code_lines *lines);

#endif
