/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unwind rows of code that linkers and the C runtime's start files add, where they add no unwind
 * information: .init and .fini (crti.o and crtn.o of glibc and musl), .plt, .plt.got and .plt.sec
 * (lld, and binutils in static programs). The code is known byte by byte, but for addresses in it:
 * what is not exactly that gets no rows.
 */
#ifndef PROFOUND_LINKER_CODE_H
#define PROFOUND_LINKER_CODE_H

#include <stddef.h>
#include <stdint.h>

#include "object/elf.h"
#include "object/row_sink.h"

struct linker_code {
	const uint8_t *bytes;
	size_t size;
	uint64_t address;
};

/* Of one section. .init and .fini are recognised whole or not at all, a PLT up to the first entry
 * that is unknown. 0 or the sink's error. */
int linker_code_crt_rows(const struct linker_code *code, const struct row_sink *sink);
int linker_code_plt_rows(const struct linker_code *code, const struct row_sink *sink);

/* Of all such sections. 0; -EIO; -ENOMEM; the sink's error. */
int linker_code_rows(const struct elf *elf, const struct row_sink *sink);

#endif
