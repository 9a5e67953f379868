// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/cfi_state.h"

#define REGISTERS 17
#define UCONTEXT_ALL ((1u << REGISTERS) - 1)
#define UCONTEXT_RSP 160

const struct cfi_state cfi_state_empty = {
	.rbp.place = PLACE_SAME,
	.ra.place = PLACE_OTHER,
};

/*
 * Where rsp + n is while __restore_rt runs: uc_mcontext.gregs of the kernel's struct rt_sigframe
 * (Linux, arch/x86/include/uapi/asm/sigcontext.h and ucontext.h), by DWARF register number.
 */
static const uint8_t ucontext_offset[REGISTERS] = {
	144, 136, 152, 128, 112, 104, 120, UCONTEXT_RSP, 40, 48, 56, 64, 72, 80, 88, 96, 168};

static bool in_ucontext(uint64_t reg, const struct cfi_saved *saved)
{
	return saved->place == PLACE_ADDRESS && saved->reg == CFI_RSP &&
	       saved->offset == ucontext_offset[reg];
}

void cfi_state_save(struct cfi_state *state, uint64_t reg, const struct cfi_saved *saved)
{
	if (reg >= REGISTERS)
		return;
	state->ucontext &= ~(1u << reg);
	if (in_ucontext(reg, saved))
		state->ucontext |= 1u << reg;
	if (reg == CFI_RBP)
		state->rbp = *saved;
	if (reg == CFI_RA)
		state->ra = *saved;
	if (reg == CFI_RSP)
		state->rsp_moved = true;
}

void cfi_state_restore(struct cfi_state *state, uint64_t reg, const struct cfi_state *initial)
{
	if (reg >= REGISTERS)
		return;
	state->ucontext &= ~(1u << reg);
	state->ucontext |= initial->ucontext & 1u << reg;
	if (reg == CFI_RBP)
		state->rbp = initial->rbp;
	if (reg == CFI_RA)
		state->ra = initial->ra;
	if (reg == CFI_RSP)
		state->rsp_moved = initial->rsp_moved;
}

static bool fits_16(int64_t value)
{
	return value >= INT16_MIN && value <= INT16_MAX;
}

static bool fits_32(int64_t value)
{
	return value >= INT32_MIN && value <= INT32_MAX;
}

static bool put_cfa(const struct cfi_expression *cfa, struct abi_rule *rule)
{
	static const uint8_t forms[] = {
		[EXPRESSION_OTHER] = CFA_UNSUPPORTED,
		[EXPRESSION_ADDRESS] = CFA_REGISTER,
		[EXPRESSION_MEMORY] = CFA_MEMORY,
		[EXPRESSION_PLT] = CFA_PLT,
	};

	if (cfa->kind == EXPRESSION_OTHER || cfa->reg >= CFI_RA || cfa->index > CFI_RA || !fits_32(cfa->offset) ||
		!fits_16(cfa->add))
		return false;
	rule->cfa = forms[cfa->kind];
	rule->reg = cfa->reg;
	rule->cfa_offset = (int32_t)cfa->offset;
	rule->cfa_add = (int16_t)cfa->add;
	rule->index = cfa->index;
	return true;
}

static bool put_rbp(const struct cfi_saved *rbp, struct abi_rule *rule)
{
	static const uint8_t forms[] = {
		[PLACE_SAME] = SAVED_SAME,
		[PLACE_CFA] = SAVED_CFA,
		[PLACE_ADDRESS] = SAVED_MEMORY,
		[PLACE_UNDEFINED] = SAVED_UNDEFINED,
	};
	bool by_rsp = rbp->place == PLACE_ADDRESS && rbp->reg == CFI_RSP;

	if (rbp->place >= PLACE_REGISTER || !fits_16(rbp->offset) ||
		(rbp->place == PLACE_ADDRESS && rbp->reg != CFI_RBP && !by_rsp))
		return false;
	rule->rbp = by_rsp ? SAVED_STACK : forms[rbp->place];
	rule->rbp_offset = (int16_t)rbp->offset;
	return true;
}

static bool put_ra(const struct cfi_saved *ra, struct abi_rule *rule)
{
	if (ra->place == PLACE_REGISTER) {
		rule->ra_reg = ra->reg + 1;
		return true;
	}
	if (ra->place != PLACE_CFA || !fits_16(ra->offset))
		return false;
	rule->ra_offset = (int16_t)ra->offset;
	return true;
}

/* The kernel pushed the ucontext: the CFA is the interrupted rsp, and all registers are the
 * interrupted ones. */
static bool is_signal_frame(const struct cfi_state *state)
{
	const struct cfi_expression *cfa = &state->cfa;

	return state->ucontext == UCONTEXT_ALL && cfa->kind == EXPRESSION_MEMORY && !cfa->add && !cfa->index &&
	       cfa->reg == CFI_RSP && cfa->offset == UCONTEXT_RSP;
}

struct abi_rule cfi_state_rule(const struct cfi_state *state, bool signal)
{
	static const struct abi_rule unsupported = {.cfa = CFA_UNSUPPORTED};
	struct abi_rule rule = {0};

	if (state->ra.place == PLACE_UNDEFINED)
		return (struct abi_rule){.cfa = CFA_END};
	if (signal)
		return (struct abi_rule){
			.cfa = is_signal_frame(state) ? CFA_SIGNAL : CFA_UNSUPPORTED};
	if (state->rsp_moved || !put_cfa(&state->cfa, &rule) || !put_rbp(&state->rbp, &rule) ||
		!put_ra(&state->ra, &rule))
		return unsupported;
	return rule;
}
