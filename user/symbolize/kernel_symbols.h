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

/* Notes a KSYMBOL record. 0 or -ENOMEM. */
int kernel_symbols_note(struct kernel_symbols *symbols, const struct lifecycle *record);

/*
 * Names a sorted batch from an open kallsyms and the noted records. Where kallsyms is hidden (all zero) or lists
 * nothing that covers an address, the item stays without a name. 0; -EPERM when the addresses are hidden;
 * -ENOMEM.
 */
int kernel_symbols_resolve(const struct kernel_symbols *symbols, FILE *kallsyms,
	struct batch *batch);

#endif
