/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unwind rows from Go's .gopclntab: x86-64, Go 1.16 to 1.26. The file is hostile: every offset is checked, and
 * tables, functions and steps are capped.
 *
 * The format is that of Go's src/debug/gosym/pclntab.go and src/runtime/symtab.go (read as of 1.16.15 to 1.26.8):
 * magic 0xfffffffa (1.16), 0xfffffff0 (1.18), 0xfffffff1 (1.20). Since 1.18 functions are offsets from
 * runtime.text, which the header holds until 1.25; from 1.26 on only runtime.firstmoduledata does.
 */
#ifndef PROFOUND_GOPCLNTAB_H
#define PROFOUND_GOPCLNTAB_H

#include "object/elf.h"
#include "object/row_sink.h"

/*
 * Gives every function's rows to the sink, in the order of addresses. 0; -ENODATA: no table of Go's that can be
 * read (or it cannot be told where its code starts); -ENOMEM; or the sink's error.
 */
int gopclntab_rows(const struct elf *elf, const struct row_sink *sink);

#endif
