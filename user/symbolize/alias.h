/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of several names of one address people mean: the one with the fewest leading underscores, then the
 * shorter, then the smaller by strcmp: read over __read over __libc_read.
 */
#ifndef PROFOUND_ALIAS_H
#define PROFOUND_ALIAS_H

#include <stdbool.h>
#include <stddef.h>

/* < 0: `a` is the better name; 0: they are equal. */
int alias_compare(const char *a, size_t a_len, const char *b, size_t b_len);

/*
 * Is a symbol called so the function that its debug information calls `function`, or one of the linker's folding (gold,
 * lld: --icf=all), which gives a symbol to each of several functions of the same code, where the lines are one's?
 * The same are: the name itself, a version or a compiler's suffix cut off; a mangled name that has it in it, as static
 * functions have no other in DWARF; and what a C library's own name has in it (__libc_read: read, __read).
 */
bool alias_is_of(const char *name, size_t len, const char *function);

#endif
