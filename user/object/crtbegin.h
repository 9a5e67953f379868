/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unwind rows of gcc's crtbegin.o (libgcc/crtstuff.c), which is in nearly every program and library
 * and is compiled without unwind information: frame_dummy is .init_array's first entry,
 * __do_global_dtors_aux .fini_array's, and they lead to (de)register_tm_clones. Every function is
 * known byte by byte, but for addresses in it: what is not exactly that gets no rows.
 */
#ifndef PROFOUND_CRTBEGIN_H
#define PROFOUND_CRTBEGIN_H

#include "object/elf.h"
#include "object/row_sink.h"

/* 0; -EIO; -ENOMEM; the sink's error. */
int crtbegin_rows(const struct elf *elf, const struct row_sink *sink);

#endif
