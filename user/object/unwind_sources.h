/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a file's rows come from, by falling rank: .eh_frame (found by its section, or by
 * PT_GNU_EH_FRAME in a file without sections), Go's pclntab, .debug_frame, and what is known of the
 * code of crtbegin.o, crti.o and linkers, which has none of them. Go's own .debug_frame knows no end
 * of a goroutine's stack: hence the order.
 */
#ifndef PROFOUND_UNWIND_SOURCES_H
#define PROFOUND_UNWIND_SOURCES_H

#include <stdint.h>

#include "object/elf.h"
#include "object/row_set.h"

/* Bytes of one section that are read into memory. */
#define UNWIND_SECTION_MAX (UINT64_C(256) << 20)

struct unwind_notes {
	uint64_t broken;  /* entries that contradict themselves */
	uint64_t limited; /* entries past a limit on CIEs, nested states or bytes */
	uint64_t skipped; /* sections that are compressed or larger than UNWIND_SECTION_MAX */
};

/* Fills and settles the set. A source that cannot be read is one that has nothing. 0 or -ENOMEM. */
int unwind_sources_read(const struct elf *elf, struct row_set *set, struct unwind_notes *notes);

/* All FDEs of .eh_frame and .debug_frame to the sink; what cannot be read has none. 0; -ENOMEM; what the sink returned. */
int unwind_sources_cfi(const struct elf *elf, const struct row_sink *sink);

#endif
