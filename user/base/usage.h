/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this process has used. */
#ifndef PROFOUND_USAGE_H
#define PROFOUND_USAGE_H

#include <stdint.h>

/* CPU time of RUSAGE_SELF, or of RUSAGE_CHILDREN that were waited for. */
double usage_cpu_seconds(int who);

/* A size in /proc/self/status (proc(5)), by its name there: "VmHWM", "RssAnon". In bytes; 0: it cannot be read. */
uint64_t usage_memory_bytes(const char *name);

#endif
