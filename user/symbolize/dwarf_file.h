/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ELF file with DWARF, opened for libdw (elfutils 0.188). libelf maps it: runs in parser_child only.
 *
 * What libdw does not do is done here: sections compressed with zstd (gABI, ch_type 2; elfutils has it from 0.189 on) are
 * inflated, and an alternate file (dwz, .gnu_debugaltlink) is taken only if its build id is the one that is asked for.
 */
#ifndef PROFOUND_DWARF_FILE_H
#define PROFOUND_DWARF_FILE_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DWARF_INFLATED_MAX (1ull << 30) /* of all zstd sections of a file */
#define DWARF_CODE_MAX 256              /* sections with code that are told apart */

struct dwarf_file {
	Elf *elf;
	Dwarf *dwarf;
	struct dwarf_file *alt;
	void **inflated;
	size_t n_inflated;
	uint64_t inflated_size;
	struct dwarf_code {
		uint64_t start, end;
	} code[DWARF_CODE_MAX]; /* executable sections, as the headers say: also in files without their content */
	size_t n_code;
};

/* `fd` stays the caller's and must stay open. 0; -ENODATA no DWARF in it; -ENOEXEC; -ENOMEM. */
int dwarf_file_init(struct dwarf_file *file, int fd);
void dwarf_file_release(struct dwarf_file *file);

/* The path of the alternate file that it needs; NULL: none. */
const char *dwarf_file_alt_path(const struct dwarf_file *file);
/* 0; -ESTALE it is not the one; or as dwarf_file_init(). `fd` as there. */
int dwarf_file_set_alt(struct dwarf_file *file, int fd);

/*
 * Whether code can be at the address. Functions that the linker left out keep their DWARF, at address 0 (binutils
 * 2.40, gold) or the last ones (lld): nothing that begins outside of every executable section is real.
 */
bool dwarf_file_is_code(const struct dwarf_file *file, uint64_t address);

#endif
