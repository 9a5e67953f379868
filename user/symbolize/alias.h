/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of several names of one address people mean: the one with the fewest leading underscores, then the
 * shorter, then the smaller by strcmp: read over __read over __libc_read.
 */
#ifndef PROFOUND_ALIAS_H
#define PROFOUND_ALIAS_H

#include <stddef.h>

/* < 0: `a` is the better name; 0: they are equal. */
int alias_compare(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
