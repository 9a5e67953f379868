/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of code made at run time, from the /tmp/perf-PID.map that a JIT appends to (Linux,
 * tools/perf/Documentation/jit-interface.txt): lines `START SIZE name`, numbers in hexadecimal. The file is
 * hostile: streamed once, every line and the whole capped.
 */
#ifndef PROFOUND_PERF_MAP_H
#define PROFOUND_PERF_MAP_H

#include <limits.h>

#include "symbolize/batch.h"

#define PERF_MAP_RANK_MAX (INT_MAX - 1) /* of its names, which rise from line to line */
#define PERF_MAP_BYTES_MAX (512ull << 20)
#define PERF_MAP_LINES_MAX (16u << 20)
#define PERF_MAP_LINE_MAX 16384u
#define PERF_MAP_NAME_KEPT 1024u /* as much as people are shown */
#define PERF_MAP_CODE_MAX (256ull << 20)    /* of one symbol */
#define PERF_MAP_NONSENSE_MAX (4ull << 20) /* of lines that are refused: then it is no perf-map */
#define PERF_MAP_REWRITES 3                /* how often a file that shrinks while it is read is read again */

/*
 * Names a sorted batch of virtual addresses; of lines that overlap the last one wins. A line that does not parse,
 * is too long, has no newline yet, or whose code wraps around or is absurdly large, is refused, and so is all that
 * follows too much nonsense or a cap. Behind a cap a later line may be about any address: what lines named is disputed
 * then (batch.h). The file may be written anew meanwhile: no name is made of two lines. 0, with the number
 * of lines refused in *refused; -EIO; -ENOMEM. Names found before an error stay.
 */
int perf_map_resolve(int fd, struct batch *batch, uint64_t *refused);

#endif
