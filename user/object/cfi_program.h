/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the CFA program (DWARF 5, section 6.4.2; LSB 5, "Call Frame Instructions") of one FDE, or of
 * one CIE for the state that its FDEs start from.
 */
#ifndef PROFOUND_CFI_PROGRAM_H
#define PROFOUND_CFI_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "object/cfi_pointer.h"
#include "object/cfi_state.h"
#include "object/row_sink.h"

#define CFI_REMEMBERED 16 /* states that remember_state nests: compilers use 2 */

struct cfi_cie {
	uint64_t code_align;
	int64_t data_align;
	uint8_t encoding; /* of addresses, DW_EH_PE_ */
	bool sized;       /* augmentation z: FDEs have augmentation data */
	bool signal;      /* augmentation S */
	bool usable;      /* false: every rule of its FDEs is unsupported */
	struct cfi_state initial;
};

struct cfi_code {
	struct cursor program;
	struct cfi_bases bases; /* of addresses in the program */
	uint64_t start, end;
};

/* The initial instructions; 0 and cie->initial set, or -EINVAL. */
int cfi_program_initial(struct cfi_cie *cie, struct cursor program);

/*
 * One range and its rows to the sink. From where the program contradicts itself or nests past
 * CFI_REMEMBERED on, the code is CFA_UNSUPPORTED, and the result -EINVAL or -E2BIG; else 0, or what
 * the sink returned.
 */
int cfi_program_rows(
	const struct cfi_cie *cie, const struct cfi_code *code, const struct row_sink *sink);

#endif
