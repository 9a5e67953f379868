/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names as their programmers wrote them: C++ (_Z), Rust (legacy _ZN..17h<hash>E and _R), D (_D), through libiberty.
 * As perf shows them: without parameters and return types, templates kept; Rust without its hash; D with its
 * parameters, which libiberty always prints. What follows the first dot (.isra.0, .cold) or an @plt is kept behind
 * the name as it stands. D's back-references ("Identifier Back References" and "Type Back References" in the D ABI)
 * are bounded before they are followed.
 */
#ifndef PROFOUND_DEMANGLE_H
#define PROFOUND_DEMANGLE_H

#include <stdbool.h>

#include "base/buf.h"

#define DEMANGLE_IN_MAX 4096  /* a longer name stays as it is */
#define DEMANGLE_OUT_MAX 16384 /* one that grows past this, too: names can grow exponentially */

/* Appends the name to `out`. 0; -ENOENT when it is not mangled, or too large (nothing is appended); -ENOMEM. */
int demangle(const char *name, struct buf *out);

/* Is it a name that only Rust's compiler gives? v0 mangling (RFC 2603): _R and a path; legacy: _ZN, ends in 17h and 16 hex
 * digits. */
bool demangle_is_rust(const char *name);

#endif
