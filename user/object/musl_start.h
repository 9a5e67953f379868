/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where stacks begin in musl's libc, which is built without unwind information (its configure: "If the user doesn't want
 * debug info"): main() is called by libc_start_main_stage2() as exit(main(...)), a thread's function by start() as
 * pthread_exit(f(...)) (src/env/__libc_start_main.c and src/thread/pthread_create.c of musl 1.1 to 1.2). What follows such a
 * call is known byte by byte, and nobody returns from it: its frame is the outermost.
 */
#ifndef PROFOUND_MUSL_START_H
#define PROFOUND_MUSL_START_H

#include "object/elf.h"
#include "object/row_sink.h"

/* Of any other file: none. 0; -EIO; -ENOMEM; the sink's error. */
int musl_start_rows(const struct elf *elf, const struct row_sink *sink);

#endif
