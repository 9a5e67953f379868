/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Offsets of CPython's structs: before 3.13 from a table by version, computed by the compiler from each version's own
 * headers (x86-64, release builds; the micro versions of one minor version have the same), since 3.13 from the
 * _Py_DebugOffsets that every build carries at the start of _PyRuntime (Include/internal/pycore_runtime.h of 3.13,
 * pycore_debug_offsets.h since), and what those leave out from the table.
 */
#ifndef PROFOUND_CPYTHON_OFFSETS_H
#define PROFOUND_CPYTHON_OFFSETS_H

#include <stddef.h>
#include <stdint.h>

#include "abi.h"

#define CPYTHON_FIRST 0x0306
#define CPYTHON_LAST 0x030f
#define CPYTHON_DEBUG_OFFSETS 1024 /* bytes that are read of them at most */

/* Fills all offsets of a version before 3.13, and *head, where interpreters.head is in _PyRuntime (3.7 and later).
 * 0 or -ENOTSUP. */
int cpython_offsets_of_version(struct abi_cpython *out, uint16_t version, uint64_t *head);

/* The same from the bytes of _PyRuntime of 3.13 and later. The version is theirs. 0; -ENOTSUP: not known, or they make no
 * sense. */
int cpython_offsets_parse(struct abi_cpython *out, const uint8_t *bytes, size_t size, uint64_t *head);

#endif
