/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `profound debug names FILE [ADDRESS...]`: the functions and source lines at ELF virtual addresses (hexadecimal, from
 * the arguments, else one a line from standard input). One line a function, innermost first, names as compilers write
 * them, "??" for what is not known:
 *
 *   ADDRESS<TAB>FUNCTION<TAB>FILE:LINE
 *
 * FILE may be a debug file. Files that its DWARF names are opened as they are named.
 */
#ifndef PROFOUND_DEBUG_NAMES_H
#define PROFOUND_DEBUG_NAMES_H

#include "base/fault.h"
#include "symbolize/batch.h"

/* Adds an address. 0; -EINVAL or -ENOMEM with the fault filled. */
int debug_names_take(const char *word, struct batch *addresses, struct fault *fault);

/* 0, or a negative errno with the fault filled. `addresses` are not sorted; none: standard input. */
int debug_names(const char *path, const struct batch *addresses, struct fault *fault);

#endif
