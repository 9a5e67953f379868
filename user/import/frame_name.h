/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the names of frames and mappings say of them: the conventions of folded lines (CLI.md, "Folded lines"), which
 * hold in OTLP and pprof as well, and those of other tools. Bytes, no NUL needed.
 */
#ifndef PROFOUND_FRAME_NAME_H
#define PROFOUND_FRAME_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "[libc.so.6+0x27249]", "[jit]", "[unknown]": it stands in for a name that is not known. */
bool frame_name_stands_in(const char *name, size_t len);

/* "[truncated: CAUSE]": the counter of class CUT; 0: it is no such name, or the cause not known. */
uint16_t frame_name_cut(const char *name, size_t len);

/* Length without the "_[k]" of kernel frames in folded lines; `len` itself: not a kernel frame. */
size_t frame_name_without_kernel(const char *name, size_t len);

/* enum frame_kind by the name that stands in: [jit], [anon], [unknown]; others are a file's. */
uint32_t frame_name_kind(const char *name, size_t len);

/* enum frame_kind by the name of the mapping: [kernel.kallsyms], [jit], ...; others, "" too, are a file's. */
uint32_t frame_name_mapping_kind(const char *file);

#endif
