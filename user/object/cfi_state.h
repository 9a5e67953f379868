/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One row of the CFI table (DWARF 5, section 6.4.1) as far as a profiler on x86-64 needs it: the
 * CFA, rbp, the return address, and whether rsp or the other registers are anything but usual.
 * DWARF register numbers are those of the System V ABI, AMD64 supplement, figure 3.36.
 */
#ifndef PROFOUND_CFI_STATE_H
#define PROFOUND_CFI_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "object/cfi_expression.h"

enum { CFI_RBP = 6, CFI_RSP = 7, CFI_RA = 16 };

enum cfi_place {
	PLACE_SAME,    /* same_value, and no rule at all: what the ABI says of rbp */
	PLACE_CFA,     /* in memory at CFA + offset */
	PLACE_ADDRESS, /* in memory at reg + offset */
	PLACE_UNDEFINED,
	PLACE_REGISTER,  /* in another register */
	PLACE_OTHER,     /* a value, an expression that no rule can hold */
};

struct cfi_saved {
	uint8_t place; /* enum cfi_place */
	uint8_t reg;
	int64_t offset;
};

struct cfi_state {
	struct cfi_expression cfa; /* EXPRESSION_ADDRESS too for a register and an offset, */
	bool cfa_by_register;      /* which this tells from a true expression */
	int64_t cfa_offset;        /* the last offset that was set: it outlives an expression */
	struct cfi_saved rbp, ra;
	bool rsp_moved;    /* the caller's rsp is not the CFA */
	uint32_t ucontext; /* bit n: register n is saved where a signal frame's ucontext has it */
};

/* No CFA, no rule for any register. */
extern const struct cfi_state cfi_state_empty;

/* A register's rule; registers that do not matter are passed over. `saved` may say PLACE_ADDRESS of
 * any register. */
void cfi_state_save(struct cfi_state *state, uint64_t reg, const struct cfi_saved *saved);

/* The register's rule becomes that of `initial`. */
void cfi_state_restore(struct cfi_state *state, uint64_t reg, const struct cfi_state *initial);

/* The rule that holds in this state, CFA_UNSUPPORTED when struct abi_rule has no room for it.
 * `signal`: augmentation S. */
struct abi_rule cfi_state_rule(const struct cfi_state *state, bool signal);

#endif
