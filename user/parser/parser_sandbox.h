/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What parser_child may do from now on: compute, and talk over its descriptors. A seccomp filter lets through the system
 * calls that libelf, libdw and libc's allocator need; those that open ways out (sockets, programs, processes) end it,
 * every other fails with EPERM. It has no capabilities, is nobody
 * (65534) if it was root that may become somebody else (who records may not: recorder/privileges.h) and nobody exists, dies with the thread that started it, and first of all when memory runs out.
 * Descriptors that it has or is handed stay good.
 *
 * libdw 0.188 opens split units itself, by open(2) of a path (__libdw_find_split_unit). These calls trap (seccomp(2),
 * SECCOMP_RET_TRAP): the handler of SIGSYS asks `opener` instead and puts its answer where the call's result is looked
 * for. So whatever a library opens, however it was linked, the parent opened it or nobody did. A definition of open()
 * of our own in front of libc's would depend on how the libraries are linked, and would be the parent's open() too.
 */
#ifndef PROFOUND_PARSER_SANDBOX_H
#define PROFOUND_PARSER_SANDBOX_H

#include <stdint.h>

/* A descriptor or a negative errno. Called in a signal handler. */
typedef int (*parser_open)(const char *path);

/* For good, and for children too. 0 or a negative errno. */
int parser_sandbox_enter(parser_open opener);

/* Limits on memory and on CPU time from now; what was used before does not count. 0 or a negative errno. */
int parser_sandbox_limit(uint64_t memory_bytes, unsigned cpu_seconds);

#endif
