/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads .eh_frame (LSB 5, "Exception Frames") and .debug_frame (DWARF 5, section 6.4.1; CIE
 * versions 1, 3 and 4) of x86-64: CIEs, parsed once each, and FDEs, whose rows go to a sink. The
 * section is hostile bytes in memory; time and memory are linear in its size.
 *
 * Refused, so that their FDEs are CFA_UNSUPPORTED: augmentations but "" and z with L, P, R, S; a
 * return address that is not register 16; segments; addresses that are not 8 bytes.
 */
#ifndef PROFOUND_CFI_H
#define PROFOUND_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "object/cfi_pointer.h"
#include "object/cfi_program.h"
#include "object/row_sink.h"

#define CFI_CIES_MAX 65536
#define CFI_CIE_BYTES 1024 /* CIEs may overlap in a hostile section; real ones have under 100 */

struct cfi {
	const uint8_t *data; /* not owned */
	size_t size;
	bool eh; /* .eh_frame */
	struct cfi_bases bases;

	uint64_t broken;  /* entries that contradict themselves: no rows, or unsupported ones */
	uint64_t limited; /* FDEs past CFI_CIES_MAX, CFI_CIE_BYTES, CFI_REMEMBERED or `spent` */
	uint64_t spent;   /* bytes that cfi_rows_at() was asked to read: FDEs may overlap too */

	struct cfi_cie *cies;
	uint32_t n_cies, cap;
	struct cie_slot {
		uint64_t offset; /* of the CIE in the section */
		uint32_t cie;    /* 1 + index; 0: free */
	} *slots;
	uint32_t n_slots;
};

/* An empty reader over `size` bytes; the cache grows as CIEs are met. */
void cfi_init(
	struct cfi *cfi, const void *data, size_t size, bool eh, const struct cfi_bases *bases);
void cfi_release(struct cfi *cfi);

/* All FDEs in the section's order. With `to_terminator` a zero length ends it, else it is passed
 * over. */
int cfi_rows(struct cfi *cfi, bool to_terminator, const struct row_sink *sink);

/* The one at an offset; in all no more bytes than the section has. Both: 0, broken entries counted;
 * -ENOMEM; or what the sink returned. */
int cfi_rows_at(struct cfi *cfi, uint64_t offset, const struct row_sink *sink);

#endif
