/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of an ELF file that its rows at some addresses are built from. With zeros everywhere else, a file of the
 * same size gives the same rows there, and is read as any other: zeros are no CFI entry and no function of Go's.
 *
 *   the headers, section names, build id
 *   .eh_frame and .debug_frame: CIEs, FDEs that cover an address, and the first FDE, so that a file with unwind
 *   information does not become one without
 *   .init, .fini, PLTs and crtbegin.o's code, where an address of theirs is wanted
 *   .gopclntab: functab, and all there is of functions that cover an address, their code included; moduledata
 *
 * Symbols are left out. The file is hostile: read with pread, every size checked.
 */
#ifndef PROFOUND_EXCERPT_H
#define PROFOUND_EXCERPT_H

#include <stdbool.h>
#include <stdint.h>

#include "object/elf.h"

#define EXCERPT_PARTS_MAX 65536

struct excerpt_part {
	uint64_t offset, size; /* in the file */
};

struct excerpt {
	struct excerpt_part *parts; /* sorted, disjoint */
	uint32_t n, cap;
	uint64_t *wanted; /* ELF virtual addresses, ascending */
	uint32_t n_wanted;
	bool failed; /* a part could not be added: -ENOMEM or too many */
};

/* For `n` file offsets. 0; -ENOEXEC no ELF file; -EIO; -ENOMEM; -E2BIG: too many parts. On failure *excerpt is
 * zeroed. */
int excerpt_init(struct excerpt *excerpt, int fd, const uint64_t *offsets, uint32_t n);
void excerpt_release(struct excerpt *excerpt);

/* For the readers below: a part, cut at the file's end; is an address of [start, end) wanted? */
void excerpt_add(struct excerpt *excerpt, const struct elf *elf, uint64_t offset, uint64_t size);
bool excerpt_wants(const struct excerpt *excerpt, uint64_t start, uint64_t end);

/* What one source of rows needs. A source that is not there, or cannot be read, needs nothing. 0 or -ENOMEM. */
int excerpt_cfi(struct excerpt *excerpt, const struct elf *elf);
int excerpt_go(struct excerpt *excerpt, const struct elf *elf);
int excerpt_linker(struct excerpt *excerpt, const struct elf *elf);

#endif
