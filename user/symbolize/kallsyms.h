/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams the text of /proc/kallsyms (kernel/kallsyms.c, s_show: `%px %c %s\t[%s]\n`) past a batch.
 */
#ifndef PROFOUND_KALLSYMS_H
#define PROFOUND_KALLSYMS_H

#include <stdio.h>

#include "symbolize/batch.h"

#define KALLSYMS_RANK 1

/* Names a sorted batch; see kernel_symbols_resolve(). 0, -EPERM, -EIO, -ENOMEM. */
int kallsyms_resolve(FILE *kallsyms, struct batch *batch);

#endif
