// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/cfi_program.h"

#include <errno.h>

enum operand {
	OPERAND_NONE,
	OPERAND_1, /* bytes */
	OPERAND_2,
	OPERAND_4,
	OPERAND_ADDRESS,
	OPERAND_UNSIGNED,
	OPERAND_FACTORED,        /* unsigned x data alignment */
	OPERAND_FACTORED_SIGNED, /* signed x data alignment */
	OPERAND_NEGATIVE,        /* -(unsigned x data alignment) */
	OPERAND_EXPRESSION,
};

struct run {
	const struct cfi_cie *cie;
	const struct cfi_bases *bases; /* NULL: a CIE's program, which has no rows */
	const struct row_sink *sink;
	struct cursor program;
	uint64_t at, end;
	struct cfi_state state;
	struct cfi_expression expression;
	unsigned depth;
	int err; /* stops the program */
	struct cfi_state remembered[CFI_REMEMBERED];
};

static void stop(struct run *run, int err)
{
	if (!run->err)
		run->err = err;
}

static void emit(struct run *run)
{
	struct abi_rule rule = cfi_state_rule(&run->state, run->cie->signal);

	stop(run, run->sink->row(run->sink->context, run->at, &rule));
}

static void move_to(struct run *run, uint64_t to)
{
	if (!run->bases || to < run->at) {
		stop(run, -EINVAL);
		return;
	}
	if (to == run->at)
		return;
	emit(run);
	run->at = to;
}

static void advance(struct run *run, uint64_t factored)
{
	uint64_t delta, to;

	if (__builtin_mul_overflow(factored, run->cie->code_align, &delta) ||
		__builtin_add_overflow(run->at, delta, &to))
		stop(run, -EINVAL);
	else
		move_to(run, to);
}

static int64_t factored(struct run *run, uint64_t value)
{
	int64_t product;

	if (value <= INT64_MAX &&
		!__builtin_mul_overflow((int64_t)value, run->cie->data_align, &product))
		return product;
	stop(run, -EINVAL);
	return 0;
}

static int64_t factored_signed(struct run *run, int64_t value)
{
	int64_t product;

	if (!__builtin_mul_overflow(value, run->cie->data_align, &product))
		return product;
	stop(run, -EINVAL);
	return 0;
}

static void op_nothing(struct run *run, uint64_t a, uint64_t b)
{
	(void)run;
	(void)a;
	(void)b;
}

static void op_set_loc(struct run *run, uint64_t address, uint64_t b)
{
	(void)b;
	move_to(run, address);
}

static void op_advance(struct run *run, uint64_t delta, uint64_t b)
{
	(void)b;
	advance(run, delta);
}

static void save(struct run *run, uint64_t reg, enum cfi_place place, int64_t offset)
{
	cfi_state_save(&run->state, reg, &(struct cfi_saved){.place = place, .offset = offset});
}

static void op_offset(struct run *run, uint64_t reg, uint64_t offset)
{
	save(run, reg, PLACE_CFA, (int64_t)offset);
}

static void op_restore(struct run *run, uint64_t reg, uint64_t b)
{
	(void)b;
	cfi_state_restore(&run->state, reg, &run->cie->initial);
}

static void op_undefined(struct run *run, uint64_t reg, uint64_t b)
{
	(void)b;
	save(run, reg, PLACE_UNDEFINED, 0);
}

static void op_same_value(struct run *run, uint64_t reg, uint64_t b)
{
	(void)b;
	save(run, reg, reg == CFI_RA ? PLACE_OTHER : PLACE_SAME, 0);
}

/* vfork keeps the return address in a register. */
static void op_register(struct run *run, uint64_t reg, uint64_t in)
{
	const struct cfi_saved saved = {
		.place = in < CFI_RA ? PLACE_REGISTER : PLACE_OTHER,
		.reg = (uint8_t)in,
	};

	cfi_state_save(&run->state, reg, &saved);
}

/* A value, a computed value. */
static void op_elsewhere(struct run *run, uint64_t reg, uint64_t b)
{
	(void)b;
	save(run, reg, PLACE_OTHER, 0);
}

static void op_expression(struct run *run, uint64_t reg, uint64_t b)
{
	const struct cfi_expression *expression = &run->expression;
	bool known = expression->kind == EXPRESSION_ADDRESS;

	(void)b;
	cfi_state_save(&run->state, reg,
		&(struct cfi_saved){.place = known ? PLACE_ADDRESS : PLACE_OTHER,
			.reg = expression->reg,
			.offset = expression->offset});
}

static void op_remember(struct run *run, uint64_t a, uint64_t b)
{
	(void)a;
	(void)b;
	if (run->depth == CFI_REMEMBERED)
		stop(run, -E2BIG);
	else
		run->remembered[run->depth++] = run->state;
}

static void op_restore_state(struct run *run, uint64_t a, uint64_t b)
{
	(void)a;
	(void)b;
	if (!run->depth)
		stop(run, -EINVAL);
	else
		run->state = run->remembered[--run->depth];
}

static void set_cfa(struct run *run, uint64_t reg, int64_t offset)
{
	struct cfi_state *state = &run->state;

	/* A register that struct cfi_expression cannot name is no general one. */
	state->cfa = (struct cfi_expression){
		.kind = reg <= UINT8_MAX ? EXPRESSION_ADDRESS : EXPRESSION_OTHER,
		.reg = (uint8_t)reg,
		.offset = offset};
	state->cfa_by_register = true;
	state->cfa_offset = offset;
}

static void op_cfa_signed(struct run *run, uint64_t reg, uint64_t offset)
{
	set_cfa(run, reg, (int64_t)offset);
}

static void op_cfa(struct run *run, uint64_t reg, uint64_t offset)
{
	if (offset > INT64_MAX)
		stop(run, -EINVAL);
	else
		set_cfa(run, reg, (int64_t)offset);
}

/*
 * DWARF wants a register and offset in force for these two; assembly has them after an expression.
 * The offset is then the last that was set, and setting it leaves the expression, as libgcc, LLVM's
 * libunwind and binutils have it.
 */
static void op_cfa_register(struct run *run, uint64_t reg, uint64_t b)
{
	(void)b;
	set_cfa(run, reg, run->state.cfa_offset);
}

static void op_cfa_offset_signed(struct run *run, uint64_t offset, uint64_t b)
{
	(void)b;
	run->state.cfa_offset = (int64_t)offset;
	if (run->state.cfa_by_register)
		run->state.cfa.offset = (int64_t)offset;
}

static void op_cfa_offset(struct run *run, uint64_t offset, uint64_t b)
{
	if (offset > INT64_MAX)
		stop(run, -EINVAL);
	else
		op_cfa_offset_signed(run, offset, b);
}

static void op_cfa_expression(struct run *run, uint64_t a, uint64_t b)
{
	(void)a;
	(void)b;
	run->state.cfa = run->expression;
	run->state.cfa_by_register = false;
}

/* By opcode; those that are missing are refused: DW_CFA_GNU_window_save and what is no x86-64. */
static const struct {
	uint8_t first, second; /* enum operand */
	void (*apply)(struct run *run, uint64_t a, uint64_t b);
} ops[0x40] = {
	[0x00] = {OPERAND_NONE, OPERAND_NONE, op_nothing},
	[0x01] = {OPERAND_ADDRESS, OPERAND_NONE, op_set_loc},
	[0x02] = {OPERAND_1, OPERAND_NONE, op_advance},
	[0x03] = {OPERAND_2, OPERAND_NONE, op_advance},
	[0x04] = {OPERAND_4, OPERAND_NONE, op_advance},
	[0x05] = {OPERAND_UNSIGNED, OPERAND_FACTORED, op_offset}, /* offset_extended */
	[0x06] = {OPERAND_UNSIGNED, OPERAND_NONE, op_restore},    /* restore_extended */
	[0x07] = {OPERAND_UNSIGNED, OPERAND_NONE, op_undefined},
	[0x08] = {OPERAND_UNSIGNED, OPERAND_NONE, op_same_value},
	[0x09] = {OPERAND_UNSIGNED, OPERAND_UNSIGNED, op_register},
	[0x0a] = {OPERAND_NONE, OPERAND_NONE, op_remember},
	[0x0b] = {OPERAND_NONE, OPERAND_NONE, op_restore_state},
	[0x0c] = {OPERAND_UNSIGNED, OPERAND_UNSIGNED, op_cfa},
	[0x0d] = {OPERAND_UNSIGNED, OPERAND_NONE, op_cfa_register},
	[0x0e] = {OPERAND_UNSIGNED, OPERAND_NONE, op_cfa_offset},
	[0x0f] = {OPERAND_EXPRESSION, OPERAND_NONE, op_cfa_expression},
	[0x10] = {OPERAND_UNSIGNED, OPERAND_EXPRESSION, op_expression},
	[0x11] = {OPERAND_UNSIGNED, OPERAND_FACTORED_SIGNED, op_offset},
	[0x12] = {OPERAND_UNSIGNED, OPERAND_FACTORED_SIGNED, op_cfa_signed},
	[0x13] = {OPERAND_FACTORED_SIGNED, OPERAND_NONE, op_cfa_offset_signed},
	[0x14] = {OPERAND_UNSIGNED, OPERAND_FACTORED, op_elsewhere},        /* val_offset */
	[0x15] = {OPERAND_UNSIGNED, OPERAND_FACTORED_SIGNED, op_elsewhere}, /* val_offset_sf */
	[0x16] = {OPERAND_UNSIGNED, OPERAND_EXPRESSION, op_elsewhere},      /* val_expression */
	[0x2e] = {OPERAND_UNSIGNED, OPERAND_NONE, op_nothing},              /* GNU_args_size */
	[0x2f] = {OPERAND_UNSIGNED, OPERAND_NEGATIVE, op_offset}, /* GNU_negative_offset_extended */
};

static void read_expression(struct run *run)
{
	uint64_t size = cursor_uleb(&run->program);
	const uint8_t *code = cursor_take(&run->program, size);

	if (code)
		run->expression = cfi_expression_decode(code, size);
}

static uint64_t read_address(struct run *run)
{
	uint64_t address = 0;

	if (!run->bases ||
		cfi_pointer_read(&run->program, run->cie->encoding, run->bases, &address))
		stop(run, -EINVAL);
	return address;
}

static uint64_t read_operand(struct run *run, uint8_t operand)
{
	switch (operand) {
	case OPERAND_1:
		return cursor_unsigned(&run->program, 1);
	case OPERAND_2:
		return cursor_unsigned(&run->program, 2);
	case OPERAND_4:
		return cursor_unsigned(&run->program, 4);
	case OPERAND_ADDRESS:
		return read_address(run);
	case OPERAND_UNSIGNED:
		return cursor_uleb(&run->program);
	case OPERAND_FACTORED:
		return (uint64_t)factored(run, cursor_uleb(&run->program));
	case OPERAND_FACTORED_SIGNED:
		return (uint64_t)factored_signed(run, cursor_sleb(&run->program));
	case OPERAND_NEGATIVE:
		return -(uint64_t)factored(run, cursor_uleb(&run->program));
	case OPERAND_EXPRESSION:
		read_expression(run);
		return 0;
	default:
		return 0;
	}
}

static void step_extended(struct run *run, uint8_t op)
{
	uint64_t a, b;

	if (!ops[op].apply) {
		stop(run, -EINVAL);
		return;
	}
	a = read_operand(run, ops[op].first);
	b = read_operand(run, ops[op].second);
	if (run->program.bad)
		stop(run, -EINVAL);
	if (!run->err)
		ops[op].apply(run, a, b);
}

/* DW_CFA_advance_loc, offset and restore have their first operand in the opcode. */
static void step(struct run *run)
{
	uint8_t op = (uint8_t)cursor_unsigned(&run->program, 1), low = op & 0x3f;
	int64_t offset;

	switch (op >> 6) {
	case 1:
		advance(run, low);
		break;
	case 2:
		offset = factored(run, cursor_uleb(&run->program));
		if (run->program.bad)
			stop(run, -EINVAL);
		else
			save(run, low, PLACE_CFA, offset);
		break;
	case 3:
		op_restore(run, low, 0);
		break;
	default:
		step_extended(run, low);
		break;
	}
}

static void run_program(struct run *run)
{
	while (!run->err && cursor_left(&run->program) && run->at < run->end)
		step(run);
}

int cfi_program_initial(struct cfi_cie *cie, struct cursor program)
{
	struct run run;

	run.cie = cie;
	run.bases = NULL;
	run.sink = NULL;
	run.program = program;
	run.at = 0;
	run.end = 1;
	run.state = cfi_state_empty;
	run.depth = 0;
	run.err = 0;
	cie->initial = cfi_state_empty;
	run_program(&run);
	if (!run.err)
		cie->initial = run.state;
	return run.err;
}

int cfi_program_rows(
	const struct cfi_cie *cie, const struct cfi_code *code, const struct row_sink *sink)
{
	static const struct abi_rule unsupported = {.cfa = CFA_UNSUPPORTED};
	struct run run;
	int err = sink->range(sink->context, code->start, code->end);

	run.cie = cie;
	run.bases = &code->bases;
	run.sink = sink;
	run.program = code->program;
	run.at = code->start;
	run.end = code->end;
	run.state = cie->initial;
	run.depth = 0;
	run.err = err;
	if (!err)
		run_program(&run);
	if (!run.err && run.at < run.end)
		emit(&run);
	if (run.err != -EINVAL && run.err != -E2BIG)
		return run.err;
	err = sink->row(sink->context, run.at, &unsupported);
	return err ? err : run.err;
}
