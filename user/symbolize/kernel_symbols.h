/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of kernel code: /proc/kallsyms (with modules, BPF programs, ftrace trampolines), and the KSYMBOL records
 * seen while sampling, for code that is gone by the time kallsyms is read. kallsyms is read once, streamed, when
 * a kernel frame wants a name.
 */
#ifndef PROFOUND_KERNEL_SYMBOLS_H
#define PROFOUND_KERNEL_SYMBOLS_H

#include <stdint.h>
#include <stdio.h>

#include "process/lifecycle.h"
#include "symbolize/batch.h"

struct kernel_symbols;

struct kernel_symbols *kernel_symbols_new(void);
void kernel_symbols_free(struct kernel_symbols *symbols);

/* Notes a KSYMBOL record; register and unregister say the same: this code was there. 0 or -ENOMEM. */
int kernel_symbols_note(struct kernel_symbols *symbols, const struct lifecycle *record);

/*
 * Names a sorted batch from an open kallsyms (NULL: it cannot be read) and the noted records. kallsyms has no
 * sizes: an address belongs to the nearest symbol below it, if that one is code and no marker of a section, and
 * less than 64 KiB away (what follows a module or a BPF program may be gone), or in the same 4 KiB for trampolines. Records have sizes and
 * come first; where two of different names covered an address, nobody knows whose it was, and it is
 * disputed (batch.h); without a name it stays where kallsyms is hidden (all zero). 0; -EPERM when the addresses are hidden; -EIO; -ENOMEM.
 */
int kernel_symbols_resolve(const struct kernel_symbols *symbols, FILE *kallsyms,
	struct batch *batch);

#endif
