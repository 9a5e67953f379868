/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encoded addresses (LSB 5, "DWARF Exception Header Encoding"). */
#ifndef PROFOUND_CFI_POINTER_H
#define PROFOUND_CFI_POINTER_H

#include <stdint.h>

#include "base/cursor.h"

enum {
	POINTER_ABSOLUTE = 0x00, /* 8 bytes as they stand */
	POINTER_FORM = 0x0f,
	POINTER_OMIT = 0xff,
};

/* What encoded addresses can be relative to: ELF virtual addresses. */
struct cfi_bases {
	const uint8_t *data; /* the section's first byte in memory, */
	uint64_t address;    /* and where it is at run time */
	uint64_t text;       /* .text */
	uint64_t got;        /* the global offset table; .eh_frame_hdr itself within that */
};

/* 0 and *address; -EINVAL for an encoding that is none or needs the process's memory, and past the
 * cursor's end. */
int cfi_pointer_read(
	struct cursor *cursor, uint8_t encoding, const struct cfi_bases *bases, uint64_t *address);

#endif
