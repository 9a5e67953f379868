/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the kernel side finds the interpreter of a process by the program alone (struct abi_program): where the program is
 * the interpreter by mm->start_code; where that is a library, by words that the dynamic linker fills with addresses of
 * the library's functions (R_X86_64_JUMP_SLOT, R_X86_64_GLOB_DAT; System V ABI, AMD64 supplement, 4.4). Files are
 * hostile.
 */
#ifndef PROFOUND_CPYTHON_PROGRAM_H
#define PROFOUND_CPYTHON_PROGRAM_H

#include "abi.h"

/*
 * Fills code_address, code_offset, slot, target and n_slots for the program `exe_fd`, whose interpreter is in `library_fd` (-1: in
 * itself, n_slots 0). Slots that are filled before main() comes first: GLOB_DAT, then JUMP_SLOT of Py_BytesMain, Py_Main,
 * Py_RunMain, Py_Initialize and others, by how early they are called. 0; -ENOENT: it has no such word; -EIO, -ENOEXEC,
 * -ENOMEM. The rest of *out is unchanged.
 */
int cpython_program_read(struct abi_program *out, int exe_fd, int library_fd);

#endif
