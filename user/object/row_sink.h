/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the readers of unwind information (cfi.h, gopclntab.h) put what they find, and
 * unwind_table.c takes it up: a range of code, a function as a rule, then its rows.
 *
 * Ranges come in any order and may overlap: what an earlier source says wins, within one source the
 * lower start, then the first given. What lies outside the executable segments is dropped. So a
 * reader just says all it knows.
 */
#ifndef PROFOUND_ROW_SINK_H
#define PROFOUND_ROW_SINK_H

#include <stdint.h>

#include "abi.h"

struct row_sink {
	/* Opens the range [start, end) of ELF virtual addresses; an empty one or one past 4 GiB is
	 * dropped. */
	int (*range)(void *context, uint64_t start, uint64_t end);

	/*
	 * A row of the open range: `rule` holds from `start` on, to the next row or the range's
	 * end. Starts ascend; an equal one replaces the row before. Code of the range ahead of the
	 * first row is CFA_NONE; rows outside of the range are dropped.
	 */
	int (*row)(void *context, uint64_t start, const struct abi_rule *rule);

	void *context;
};

/* Both return 0; -ENOMEM, which the reader passes on; any other failure is the sink's own and is
 * counted there. */

#endif
