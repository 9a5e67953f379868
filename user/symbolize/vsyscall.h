/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vsyscall page of x86-64: three system calls at fixed addresses (Linux 6.12,
 * arch/x86/entry/vsyscall/vsyscall_emu_64.S and vsyscall_64.c, addr_to_vsyscall_nr()).
 */
#ifndef PROFOUND_VSYSCALL_H
#define PROFOUND_VSYSCALL_H

#include <stdint.h>

/* The function at an offset in the page, "time@vsyscall"; NULL: none. */
const char *vsyscall_name(uint64_t offset);

#endif
