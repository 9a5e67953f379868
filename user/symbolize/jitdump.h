/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of code made at run time, from the jit-PID.dump of a JIT (Linux 6.12,
 * tools/perf/Documentation/jitdump-specification.txt): a header, then records {u32 id, u32 size, u64 time} of code
 * that was loaded, moved, and of its source lines. Numbers are in the byte order of the machine that wrote it; only
 * ours is read. The file is hostile: read by pread in one pass (a second one where code that was asked for was
 * moved), every size checked, the work capped.
 */
#ifndef PROFOUND_JITDUMP_H
#define PROFOUND_JITDUMP_H

#include <limits.h>
#include <stdbool.h>

#include "symbolize/batch.h"
#include "symbolize/jit_history.h"

#define JITDUMP_RANK INT_MAX            /* over any line of a perf-map */
#define JITDUMP_RECORDS_MAX (16u << 20)
#define JITDUMP_BYTES_MAX (2ull << 30)  /* read in one pass, not of the file: code is skipped */
#define JITDUMP_CODE_MAX (256ull << 20) /* of one function */
#define JITDUMP_NAME_MAX 16384u
#define JITDUMP_NAME_KEPT 1024u         /* of it: as much as people are shown */
#define JITDUMP_MOVES_MAX 65536u

struct jitdump_told {
	uint64_t refused; /* records that were not believed; after one without a sane size nothing is read */
	bool other_clock; /* its times are not CLOCK_MONOTONIC: of records about an address the last one counts */
};

/*
 * Names a sorted batch of virtual addresses, of which spans[i] says when items[i] was sampled (jit_history.h). With
 * other_clock its times are not ours, whatever it says. An item
 * that two functions claim is disputed (batch.h), and so is one that was sampled after the last record that could be
 * read, where that was not the last. 0; -ENOEXEC: no jitdump; -EIO; -ENOMEM. Names found before an error stay.
 */
int jitdump_resolve(int fd, bool other_clock, struct batch *batch, const struct jit_span *spans,
	struct jitdump_told *told);

#endif
