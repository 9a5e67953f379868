// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/cfi_expression.h"

#include "base/cursor.h"

enum {
	OP_DEREF = 0x06,
	OP_AND = 0x1a,
	OP_MUL = 0x1e,
	OP_PLUS = 0x22,
	OP_PLUS_UCONST = 0x23,
	OP_SHL = 0x24,
	OP_GE = 0x2a,
	OP_LIT0 = 0x30,
	OP_LIT8 = OP_LIT0 + 8,
	OP_BREG0 = 0x70,
	OP_BREG7 = OP_BREG0 + 7,
	OP_BREG16 = OP_BREG0 + 16,
	OP_BREG31 = OP_BREG0 + 31,
};

#define PLT_LITERAL 6 /* the byte of `plt` that linkers choose */

/* breg7 8; breg16 0; lit15; and; litN; ge; lit3; shl; plus (binutils: elf_x86_64_eh_frame_plt and
 * its kin). */
static const uint8_t plt[] = {OP_BREG7, 8, OP_BREG16, 0, OP_LIT0 + 15, OP_AND, OP_LIT0, OP_GE,
	OP_LIT0 + 3, OP_SHL, OP_PLUS};

static bool is_plt(const uint8_t *code, size_t size)
{
	const size_t after = PLT_LITERAL + 1;

	return size == sizeof(plt) && !memcmp(code, plt, PLT_LITERAL) &&
	       code[PLT_LITERAL] >= OP_LIT0 && code[PLT_LITERAL] <= OP_LIT0 + 15 &&
	       !memcmp(code + after, plt + after, size - after);
}

static void add_constant(struct cursor *cursor, int64_t *to)
{
	uint64_t constant = cursor_uleb(cursor);

	if (__builtin_add_overflow(*to, constant, to))
		cursor_fail(cursor);
}

/* What follows an index's breg: 0; lit8; mul; plus. */
static bool is_times_8(struct cursor *cursor)
{
	static const uint8_t scale[] = {0, OP_LIT8, OP_MUL, OP_PLUS};
	const uint8_t *code = cursor_take(cursor, sizeof(scale));

	return code && !memcmp(code, scale, sizeof(scale));
}

struct cfi_expression cfi_expression_decode(const uint8_t *code, size_t size)
{
	static const struct cfi_expression other = {.kind = EXPRESSION_OTHER};
	struct cfi_expression found = {.kind = EXPRESSION_ADDRESS};
	struct cursor cursor = cursor_over(code, size);
	uint8_t op = (uint8_t)cursor_unsigned(&cursor, 1);

	if (is_plt(code, size))
		return (struct cfi_expression){.kind = EXPRESSION_PLT,
			.reg = 7,
			.offset = 8,
			.add = code[PLT_LITERAL] - OP_LIT0};
	if (op < OP_BREG0 || op > OP_BREG31)
		return other;
	found.reg = op - OP_BREG0;
	found.offset = cursor_sleb(&cursor);
	while (cursor_left(&cursor)) {
		op = (uint8_t)cursor_unsigned(&cursor, 1);
		if (op == OP_PLUS_UCONST)
			add_constant(&cursor,
				found.kind == EXPRESSION_MEMORY ? &found.add : &found.offset);
		else if (op == OP_DEREF && found.kind == EXPRESSION_ADDRESS)
			found.kind = EXPRESSION_MEMORY;
		else if (op >= OP_BREG0 && op <= OP_BREG31 && found.kind == EXPRESSION_ADDRESS &&
			!found.index && is_times_8(&cursor))
			found.index = op - OP_BREG0 + 1;
		else
			return other;
	}
	return cursor.bad || (found.index && found.kind != EXPRESSION_MEMORY) ? other : found;
}
