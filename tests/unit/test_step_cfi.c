// SPDX-License-Identifier: GPL-2.0-or-later
/* The step by an unwind rule, compiled for the host: every form of rule, its boundaries, and what it leaves alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "step_buffer.h"
#include "step_cfi.h"

#define AT 0x7ffc00000000ULL
#define WORDS 64
#define CODE 0x401000ULL
#define BP 6
#define SP 7

/* Memory: word i at AT + 8 i holds CODE + i, but for a few words that hold addresses. */
#define WORD(i) (CODE + (i))
#define W_ADDRESS 20 /* AT + 8 * 30 */
#define W_ODD 21     /* AT + 8 * 30 + 4 */
#define W_ZERO 22
#define W_LOW 23     /* AT - 8 */
#define W_FAR 24     /* AT + reach + 16 */

struct row {
	const char *what;
	struct abi_rule rule;
	__u64 ip, sp, fp;
	__u32 known;
	int outcome;
	__u64 to_ip, to_sp, to_fp;
	bool fp_known;
};

#define SIZED(register, offset) .cfa = CFA_REGISTER, .reg = (register), .cfa_offset = (offset), .ra_offset = -8
#define HERE .ip = CODE, .sp = AT + 32, .fp = AT + 80
#define ALL .known = STEP_KNOWN_ALL
#define TO(word, size) .to_ip = WORD(word), .to_sp = AT + 8 * (word) + (size)

static const struct row rows[] = {
	/* CFA_REGISTER */
	{"sp + 8, as on entry", {SIZED(SP, 8)}, HERE, ALL, STEP_OK, TO(4, 8), AT + 80, true},
	{"sp + 64", {SIZED(SP, 64)}, HERE, ALL, STEP_OK, TO(11, 8), AT + 80, true},
	{"fp + 16", {SIZED(BP, 16), .rbp = SAVED_CFA, .rbp_offset = -16}, HERE, ALL, STEP_OK,
		TO(11, 8), WORD(10), true},
	{"fp that is lost", {SIZED(BP, 16)}, HERE, .known = STEP_KNOWN_ALL & ~STEP_KNOWN_FP,
		COUNTER_unsupported_rule, 0, 0, 0, false},
	{"r10", {SIZED(10, 8)}, HERE, ALL, STEP_OK, TO(40, 8), AT + 80, true},
	{"r10 of a caller", {SIZED(10, 8)}, HERE, .known = STEP_KNOWN_FP, COUNTER_unsupported_rule, 0, 0, 0, false},
	{"r10 of a caller whose callee kept it", {SIZED(10, 8)}, HERE, .known = STEP_SCRATCH, STEP_OK, TO(40, 8), AT + 80, false},
	{"rbx of a caller", {SIZED(3, 8)}, HERE, .known = STEP_SCRATCH, COUNTER_unsupported_rule, 0, 0, 0, false},
	{"register 15", {SIZED(15, 0)}, HERE, ALL, COUNTER_corrupt, 0, 0, 0, false},
	{"no register 16", {SIZED(16, 8)}, HERE, ALL, COUNTER_unsupported_rule, 0, 0, 0, false},
	{"no register 255", {SIZED(255, 8)}, HERE, ALL, COUNTER_unsupported_rule, 0, 0, 0, false},
	{"sp with nothing else known", {SIZED(SP, 8)}, HERE, .known = 0, STEP_OK, TO(4, 8), AT + 80, false},
	/* where a frame can be */
	{"an empty frame", {SIZED(SP, 0)}, HERE, ALL, COUNTER_corrupt, 0, 0, 0, false},
	{"below sp", {SIZED(SP, -8)}, HERE, ALL, COUNTER_corrupt, 0, 0, 0, false},
	{"fp below sp", {SIZED(BP, 16)}, .ip = CODE, .sp = AT + 32, .fp = AT + 8, ALL, COUNTER_corrupt, 0, 0, 0, false},
	{"misaligned", {SIZED(SP, 12)}, HERE, ALL, COUNTER_corrupt, 0, 0, 0, false},
	{"fp misaligned", {SIZED(BP, 16)}, .ip = CODE, .sp = AT, .fp = AT + 81, ALL, COUNTER_corrupt, 0, 0, 0, false},
	{"at the reach's end, no memory there", {SIZED(SP, STEP_CFI_REACH)}, HERE, ALL, COUNTER_stack_paged_out, 0, 0, 0, false},
	{"beyond reach", {SIZED(SP, STEP_CFI_REACH + 8)}, HERE, ALL, COUNTER_corrupt, 0, 0, 0, false},
	{"around the end of all addresses", {SIZED(SP, 64)}, .ip = CODE, .sp = ~7ULL, .fp = 0, ALL, COUNTER_corrupt, 0, 0, 0, false},
	{"no memory", {SIZED(SP, 8 * WORDS)}, HERE, ALL, COUNTER_stack_paged_out, 0, 0, 0, false},
	/* the return address */
	{"elsewhere than below the CFA", {.cfa = CFA_REGISTER, .reg = SP, .cfa_offset = 64, .ra_offset = -24}, HERE, ALL,
		STEP_OK, WORD(9), AT + 96, AT + 80, true},
	{"misaligned place", {.cfa = CFA_REGISTER, .reg = SP, .cfa_offset = 64, .ra_offset = -20}, HERE, ALL,
		COUNTER_corrupt, 0, 0, 0, false},
	{"zero ends the stack", {SIZED(SP, 8 * (W_ZERO + 1) - 32)}, HERE, ALL, STEP_END, 0, 0, 0, false},
	{"in a register", {.cfa = CFA_REGISTER, .reg = SP, .cfa_offset = 8, .ra_reg = 5 + 1}, HERE, ALL, STEP_OK,
		CODE + 0x500, AT + 40, AT + 80, true},
	{"in a register, nothing on the stack", {.cfa = CFA_REGISTER, .reg = SP, .ra_reg = 5 + 1}, HERE, ALL, STEP_OK,
		CODE + 0x500, AT + 32, AT + 80, true},
	{"in a register that a caller does not know", {.cfa = CFA_REGISTER, .reg = SP, .ra_reg = 5 + 1}, HERE,
		.known = STEP_KNOWN_FP, COUNTER_unsupported_rule, 0, 0, 0, false},
	/* CFA_OTHER_STACK */
	{"another stack, below", {.cfa = CFA_OTHER_STACK, .reg = BP, .cfa_offset = 16, .ra_offset = -8, .rbp = SAVED_CFA,
		.rbp_offset = -16}, .ip = CODE, .sp = AT + 400, .fp = AT + 80, ALL, STEP_OK, TO(11, 8), WORD(10), true},
	{"another stack, far above", {.cfa = CFA_OTHER_STACK, .reg = BP, .cfa_offset = 16, .ra_offset = -8}, .ip = CODE,
		.sp = AT - (STEP_CFI_REACH << 1), .fp = AT + 80, ALL, STEP_OK, TO(11, 8), AT + 80, true},
	{"another stack, misaligned", {.cfa = CFA_OTHER_STACK, .reg = BP, .cfa_offset = 16, .ra_offset = -8}, .ip = CODE,
		.sp = AT, .fp = AT + 81, ALL, COUNTER_corrupt, 0, 0, 0, false},
	{"another stack that is not there", {.cfa = CFA_OTHER_STACK, .reg = BP, .cfa_offset = 16, .ra_offset = -8}, .ip = CODE,
		.sp = AT, .fp = 0, ALL, COUNTER_stack_paged_out, 0, 0, 0, false},
	/* CFA_MEMORY */
	{"*(fp - 8)", {.cfa = CFA_MEMORY, .reg = BP, .cfa_offset = -8, .ra_offset = -8}, .ip = CODE, .sp = AT + 32,
		.fp = AT + 8 * W_ADDRESS + 8, ALL, STEP_OK, TO(29, 8), AT + 8 * W_ADDRESS + 8, true},
	{"*(sp) + 16", {.cfa = CFA_MEMORY, .reg = SP, .cfa_add = 16, .ra_offset = -8}, .ip = CODE, .sp = AT + 8 * W_ADDRESS,
		.fp = 0, ALL, STEP_OK, TO(31, 8), 0, true},
	{"*() of a place that is misaligned", {.cfa = CFA_MEMORY, .reg = SP, .cfa_offset = 4, .ra_offset = -8}, HERE, ALL,
		COUNTER_corrupt, 0, 0, 0, false},
	{"*() without memory", {.cfa = CFA_MEMORY, .reg = SP, .cfa_offset = 8 * WORDS, .ra_offset = -8}, HERE, ALL,
		COUNTER_stack_paged_out, 0, 0, 0, false},
	{"*() is misaligned", {.cfa = CFA_MEMORY, .reg = SP, .ra_offset = -8}, .ip = CODE, .sp = AT + 8 * W_ODD, .fp = 0, ALL,
		COUNTER_corrupt, 0, 0, 0, false},
	{"*() is below sp", {.cfa = CFA_MEMORY, .reg = SP, .ra_offset = -8}, .ip = CODE, .sp = AT + 8 * W_LOW, .fp = 0, ALL,
		COUNTER_corrupt, 0, 0, 0, false},
	{"*() is beyond reach", {.cfa = CFA_MEMORY, .reg = SP, .ra_offset = -8}, .ip = CODE, .sp = AT + 8 * W_FAR, .fp = 0, ALL,
		COUNTER_corrupt, 0, 0, 0, false},
	{"*(sp - 72 + 8 * r11) + 16", {.cfa = CFA_MEMORY, .reg = SP, .cfa_offset = -72, .index = 11 + 1, .cfa_add = 16,
		.ra_offset = -8}, .ip = CODE, .sp = AT + 8 * W_ADDRESS, .fp = 0, ALL, STEP_OK, TO(31, 8), 0, true},
	{"*() by an index that is lost", {.cfa = CFA_MEMORY, .reg = SP, .index = 11 + 1, .ra_offset = -8}, HERE, .known = 0,
		COUNTER_unsupported_rule, 0, 0, 0, false},
	{"*() of a register that is lost", {.cfa = CFA_MEMORY, .reg = BP, .ra_offset = -8}, HERE, .known = 0,
		COUNTER_unsupported_rule, 0, 0, 0, false},
	/* CFA_PLT: gcc's and binutils' rsp + 8 + ((rip & 15) >= 11) * 8 */
	{"plt before the push", {.cfa = CFA_PLT, .reg = SP, .cfa_offset = 8, .cfa_add = 11, .ra_offset = -8}, .ip = CODE + 10,
		.sp = AT + 32, .fp = 0, ALL, STEP_OK, TO(4, 8), 0, true},
	{"plt behind the push", {.cfa = CFA_PLT, .reg = SP, .cfa_offset = 8, .cfa_add = 11, .ra_offset = -8}, .ip = CODE + 11,
		.sp = AT + 32, .fp = 0, ALL, STEP_OK, TO(5, 8), 0, true},
	{"plt at its last byte", {.cfa = CFA_PLT, .reg = SP, .cfa_offset = 8, .cfa_add = 11, .ra_offset = -8}, .ip = CODE + 15,
		.sp = AT + 32, .fp = 0, ALL, STEP_OK, TO(5, 8), 0, true},
	{"the next plt entry", {.cfa = CFA_PLT, .reg = SP, .cfa_offset = 8, .cfa_add = 11, .ra_offset = -8}, .ip = CODE + 16,
		.sp = AT + 32, .fp = 0, ALL, STEP_OK, TO(4, 8), 0, true},
	{"plt has no other register than sp", {.cfa = CFA_PLT, .reg = 10, .cfa_offset = 8, .cfa_add = 6, .ra_offset = -8},
		.ip = CODE + 6, .sp = AT + 32, .fp = 0, .known = 0, STEP_OK, TO(5, 8), 0, false},
	/* rbp */
	{"saved at the CFA", {SIZED(SP, 64), .rbp = SAVED_CFA, .rbp_offset = -16}, HERE, ALL, STEP_OK, TO(11, 8), WORD(10), true},
	{"saved, when ours was lost", {SIZED(SP, 64), .rbp = SAVED_CFA, .rbp_offset = -16}, HERE, .known = 0, STEP_OK,
		TO(11, 8), WORD(10), true},
	{"popped: its slot is below sp", {SIZED(SP, 8), .rbp = SAVED_CFA, .rbp_offset = -16}, HERE, ALL, STEP_OK, TO(4, 8),
		AT + 80, true},
	{"popped, and ours was lost", {SIZED(SP, 8), .rbp = SAVED_CFA, .rbp_offset = -16}, HERE, .known = 0, STEP_OK, TO(4, 8),
		AT + 80, false},
	{"saved where nothing is", {SIZED(SP, 8 * WORDS - 32), .rbp = SAVED_CFA, .rbp_offset = 16}, HERE, ALL,
		COUNTER_stack_paged_out, 0, 0, 0, false},
	{"saved at a misaligned place", {SIZED(SP, 64), .rbp = SAVED_CFA, .rbp_offset = -12}, HERE, ALL,
		COUNTER_corrupt, 0, 0, 0, false},
	{"saved at rbp", {SIZED(SP, 64), .rbp = SAVED_MEMORY, .rbp_offset = 8}, HERE, ALL, STEP_OK, TO(11, 8), WORD(11), true},
	{"saved at an rbp that is lost", {SIZED(SP, 64), .rbp = SAVED_MEMORY}, HERE, .known = 0, STEP_OK, TO(11, 8), AT + 80, false},
	{"saved at rsp", {SIZED(SP, 64), .rbp = SAVED_STACK, .rbp_offset = 8}, HERE, .known = 0, STEP_OK, TO(11, 8), WORD(5), true},
	{"undefined", {SIZED(SP, 64), .rbp = SAVED_UNDEFINED}, HERE, ALL, STEP_OK, TO(11, 8), AT + 80, false},
	{"the same", {SIZED(SP, 64), .rbp = SAVED_SAME}, HERE, ALL, STEP_OK, TO(11, 8), AT + 80, true},
	{"the same, and lost", {SIZED(SP, 64), .rbp = SAVED_SAME}, HERE, .known = 0, STEP_OK, TO(11, 8), AT + 80, false},
	/* the others */
	{"the end", {.cfa = CFA_END}, HERE, ALL, STEP_END, 0, 0, 0, false},
	{"nothing known", {.cfa = CFA_NONE}, HERE, ALL, COUNTER_no_unwind_info, 0, 0, 0, false},
	{"unsupported", {.cfa = CFA_UNSUPPORTED}, HERE, ALL, COUNTER_unsupported_rule, 0, 0, 0, false},
	{"a signal frame on a misaligned sp", {.cfa = CFA_SIGNAL}, .ip = CODE, .sp = AT + 4, .fp = 0, ALL, COUNTER_corrupt, 0, 0, 0,
		false},
	{"a signal frame that ends too early", {.cfa = CFA_SIGNAL}, .ip = CODE, .sp = AT + 8 * (WORDS - 21), .fp = 0, ALL,
		COUNTER_stack_paged_out, 0, 0, 0, false},
};

static void fill(__u64 *words)
{
	for (__u64 i = 0; i < WORDS; i++)
		words[i] = WORD(i);
	words[W_ADDRESS] = AT + 8 * 30;
	words[W_ODD] = AT + 8 * 30 + 4;
	words[W_ZERO] = 0;
	words[W_LOW] = AT - 8;
	words[W_FAR] = AT + 8 * W_FAR + STEP_CFI_REACH + 8;
}

static void check(const struct row *row)
{
	__u64 words[WORDS];
	struct step_memory memory = {(const unsigned char *)words, AT, sizeof(words), 0, false};
	const struct step_regs before = {.ip = row->ip, .sp = row->sp, .fp = row->fp};
	struct step_rest rest = {.known = row->known}, rest_before;
	struct step_regs regs = before;
	int outcome;

	fill(words);
	rest.reg[5] = CODE + 0x500;
	rest.reg[10] = AT + 8 * 40;
	rest.reg[11] = 9;
	rest_before = rest;
	outcome = step_cfi(&regs, &rest, &row->rule, &memory);
	if (outcome != row->outcome)
		fail_msg("%s: outcome %d, not %d", row->what, outcome, row->outcome);
	assert_false(memory.misaligned);
	if (outcome) {
		assert_memory_equal(&regs, &before, sizeof(regs));
		assert_memory_equal(&rest, &rest_before, sizeof(rest));
		return;
	}
	if (regs.ip != row->to_ip || regs.sp != row->to_sp || regs.fp != row->to_fp)
		fail_msg("%s: to ip %llx sp %llx fp %llx", row->what, regs.ip, regs.sp, regs.fp);
	/* A return address in a register is not to be found there again. */
	if (rest.known != ((row->rule.ra_reg ? 0 : row->known & STEP_SCRATCH) | (row->fp_known ? STEP_KNOWN_FP : 0)))
		fail_msg("%s: known is %x", row->what, rest.known);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(&rows[i]);
}

/* struct sigcontext_64: r8 .. r15, di, si, bp, bx, dx, ax, cx, sp, ip, after 40 bytes of ucontext. */
static void test_signal_frame(void **state)
{
	static const unsigned char order[15] = {8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2};
	const struct abi_rule rule = {.cfa = CFA_SIGNAL};
	__u64 words[WORDS];
	struct step_memory memory = {(const unsigned char *)words, AT, sizeof(words), 0, false};
	struct step_regs regs = {.ip = CODE, .sp = AT + 16, .fp = 1};
	struct step_rest rest = {.known = 0};

	(void)state;
	fill(words);
	assert_int_equal(step_cfi(&regs, &rest, &rule, &memory), STEP_OK);
	for (unsigned i = 0; i < 15; i++)
		assert_int_equal(rest.reg[order[i]], words[2 + 5 + i]);
	assert_int_equal(regs.fp, words[2 + 5 + 10]);
	assert_int_equal(regs.sp, words[2 + 5 + 15]);
	assert_int_equal(regs.ip, words[2 + 5 + 16]);
	assert_int_equal(rest.known, STEP_KNOWN_ALL);
	assert_int_equal(memory.reads, 17);
}

/* What was interrupted at address 0 (a call through a null pointer) was interrupted nowhere that is known. */
static void test_signal_at_null(void **state)
{
	const struct abi_rule rule = {.cfa = CFA_SIGNAL};
	__u64 words[WORDS] = {[5 + 15] = AT};
	struct step_memory memory = {(const unsigned char *)words, AT, sizeof(words), 0, false};
	struct step_regs regs = {.ip = CODE, .sp = AT, .fp = 1};
	struct step_rest rest = {.known = 0};

	(void)state;
	assert_int_equal(step_cfi(&regs, &rest, &rule, &memory), COUNTER_corrupt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_signal_frame),
		cmocka_unit_test(test_signal_at_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
