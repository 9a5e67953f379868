// SPDX-License-Identifier: GPL-2.0-or-later
/* The walk by rules over hand-made stacks in the test's memory, in a space published by hand, run by the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "space.h"

#define AT(function) (TEXT + (function) * FUNCTION + 0x10)
#define AGAIN(function) (AT(function) - TEXT + TEXT_AGAIN)
#define FIRST(function) (TEXT + (function) * FUNCTION)
/* A return address; what is kept is the one before it. */
#define RET(address) ((address) + 1)
/* The address of a word of the stack. */
#define S(word) (0xabcd000000000000ULL + (word))
#define JUNK 0xdeadULL

struct row {
	const char *what;
	uint64_t ip, fp, r10;
	uint64_t words[32]; /* from sp on */
	uint64_t frames[5];
	uint32_t n, cut, by_fp;
	bool unverified;
};

static const struct row rows[] = {
	{"a leaf that is the outermost", AT(END), .frames = {AT(END)}, .n = 1},
	{"rsp + 8", AT(RSP_8), .words = {RET(AT(END))}, .frames = {AT(RSP_8), AT(END)}, .n = 2},
	{"rsp + 16, twice", AT(RSP_16), .words = {JUNK, RET(AT(RSP_16)), JUNK, RET(AT(END))},
		.frames = {AT(RSP_16), AT(RSP_16), AT(END)}, .n = 3},
	{"rbp saved and restored", AT(RSP_24_RBP), JUNK,
		.words = {JUNK, S(4), RET(AT(RBP_16)), JUNK, S(7), RET(AT(RBP_16)), JUNK, 0, RET(AT(END))},
		.frames = {AT(RSP_24_RBP), AT(RBP_16), AT(RBP_16), AT(END)}, .n = 4},
	{"rbp left alone", AT(RSP_8), S(3), .words = {RET(AT(RBP_16)), JUNK, JUNK, 0, RET(AT(END))},
		.frames = {AT(RSP_8), AT(RBP_16), AT(END)}, .n = 3},
	{"rbp lost where it is needed", AT(LOST_RBP), S(3), .words = {RET(AT(RBP_16)), JUNK, JUNK, 0, RET(AT(END))},
		.frames = {AT(LOST_RBP), AT(RBP_16)}, .n = 2, .cut = COUNTER_unsupported_rule},
	{"rbp lost where it is not needed", AT(LOST_RBP), S(3), .words = {RET(AT(RSP_8)), RET(AT(END))},
		.frames = {AT(LOST_RBP), AT(RSP_8), AT(END)}, .n = 3},
	{"the CFA in memory", AT(MEMORY), .words = {JUNK, S(5), JUNK, JUNK, RET(AT(RSP_8)), RET(AT(END))},
		.frames = {AT(MEMORY), AT(RSP_8), AT(END)}, .n = 3},
	{"8 behind what is in memory", AT(MEMORY_8), .words = {JUNK, S(4), JUNK, JUNK, RET(AT(END))},
		.frames = {AT(MEMORY_8), AT(END)}, .n = 2},
	{"a PLT entry's start", FIRST(PLT) + 10, .words = {RET(AT(END)), JUNK},
		.frames = {FIRST(PLT) + 10, AT(END)}, .n = 2},
	{"its end", FIRST(PLT) + 11, .words = {JUNK, RET(AT(END))}, .frames = {FIRST(PLT) + 11, AT(END)}, .n = 2},
	{"another register", AT(R10), .r10 = S(3), .words = {JUNK, JUNK, RET(AT(END))},
		.frames = {AT(R10), AT(END)}, .n = 2},
	{"one that the callee kept", AT(RSP_8), .r10 = S(3), .words = {RET(AT(R10)), JUNK, RET(AT(END))},
		.frames = {AT(RSP_8), AT(R10), AT(END)}, .n = 3},
	{"one that is not known any more", JIT, S(1), .r10 = S(3), .words = {JUNK, JUNK, RET(AT(R10)), JUNK, RET(AT(END))},
		.frames = {JIT, AT(R10)}, .n = 2, .by_fp = 1, .cut = COUNTER_unsupported_rule, .unverified = true},
	{"the return address in a register", AT(RA_IN_R10), .r10 = RET(AT(RSP_8)), .words = {RET(AT(END))},
		.frames = {AT(RA_IN_R10), AT(RSP_8), AT(END)}, .n = 3},
	{"in a register twice, without a frame between", AT(RA_IN_R10), .r10 = RET(AT(RA_IN_R10)),
		.frames = {AT(RA_IN_R10), AT(RA_IN_R10)}, .n = 2, .cut = COUNTER_unsupported_rule},
	/* The code was interrupted before its first instruction: the byte before is another function's. */
	{"a signal", AT(RSP_8), .words = {RET(AT(SIGNAL)), [8] = S(27), [16] = JUNK, [21] = S(24),
		[22] = FIRST(R10), [26] = RET(AT(END))},
		.frames = {AT(RSP_8), AT(SIGNAL), FIRST(R10), AT(END)}, .n = 4},
	{"a signal's rbp", AT(RSP_8), .words = {RET(AT(SIGNAL)), [16] = S(25), [21] = S(24),
		[22] = AT(RBP_16), [25] = 0, [26] = RET(AT(END))},
		.frames = {AT(RSP_8), AT(SIGNAL), AT(RBP_16), AT(END)}, .n = 4},
	{"a rule that cannot be followed", AT(UNSUPPORTED), .frames = {AT(UNSUPPORTED)}, .n = 1,
		.cut = COUNTER_unsupported_rule},
	{"one such caller", AT(RSP_8), .words = {RET(AT(UNSUPPORTED))}, .frames = {AT(RSP_8), AT(UNSUPPORTED)},
		.n = 2, .cut = COUNTER_unsupported_rule},
	{"the return address is 0", AT(RSP_8), .frames = {AT(RSP_8)}, .n = 1},
	{"no rule: by frame pointer", AT(NONE), S(2), .words = {JUNK, JUNK, 0, RET(AT(END))},
		.frames = {AT(NONE), AT(END)}, .n = 2, .by_fp = 1, .unverified = true},
	{"and on by rules", AT(NONE), S(2),
		.words = {JUNK, JUNK, S(6), RET(AT(RSP_8)), RET(AT(RBP_16)), JUNK, 0, RET(AT(END))},
		.frames = {AT(NONE), AT(RSP_8), AT(RBP_16), AT(END)}, .n = 4, .by_fp = 1, .unverified = true},
	{"no rule and no frame pointer", AT(LOST_RBP), S(2), .words = {RET(AT(NONE)), JUNK, 0, RET(AT(END))},
		.frames = {AT(LOST_RBP), AT(NONE)}, .n = 2, .cut = COUNTER_no_unwind_info},
	{"behind the table's end", TEXT + MAPPED - 1, S(2), .words = {JUNK, JUNK, 0, RET(AT(END))},
		.frames = {TEXT + MAPPED - 1, AT(END)}, .n = 2, .by_fp = 1, .unverified = true},
	{"where a stack begins", AT(RSP_8), .words = {FIRST(START)}, .frames = {AT(RSP_8), FIRST(START)}, .n = 2},
	{"what only looks like it", AT(RSP_8), S(2), .words = {FIRST(NO_START), JUNK, 0, RET(AT(END))},
		.frames = {AT(RSP_8), FIRST(NO_START) - 1, AT(END)}, .n = 3, .by_fp = 1, .unverified = true},
	{"interrupted there", FIRST(START), .words = {RET(AT(END))}, .frames = {FIRST(START), AT(END)}, .n = 2},
	{"two mappings", AT(RSP_8), .words = {RET(AGAIN(RSP_16)), JUNK, RET(AT(RSP_8)), RET(AGAIN(END))},
		.frames = {AT(RSP_8), AGAIN(RSP_16), AT(RSP_8), AGAIN(END)}, .n = 4},
	{"code made at run time", JIT, S(1), .words = {JUNK, S(4), RET(AT(RSP_8)), RET(JIT + 0x30), 0, RET(AT(END))},
		.frames = {JIT, AT(RSP_8), JIT + 0x30, AT(END)}, .n = 4, .by_fp = 2, .unverified = true},
	{"its last byte", JIT + MAPPED - 1, S(1), .words = {JUNK, 0, RET(AT(END))},
		.frames = {JIT + MAPPED - 1, AT(END)}, .n = 2, .by_fp = 1, .unverified = true},
};

/* What stands for an address of the stack becomes one. */
static uint64_t real(const struct fixture *f, uint64_t value)
{
	return value >> 48 == S(0) >> 48 ? stack_at(f, value & 0xff) : value;
}

static void put_stack(struct fixture *f, const struct row *row)
{
	begin(f, row->ip);
	f->walk.start[STEP_REG_FP] = real(f, row->fp);
	f->walk.start[10] = real(f, row->r10);
	for (size_t i = 0; i < 32; i++)
		put_word(f, i, real(f, row->words[i]));
}

static void expect(const struct fixture *f, const struct row *row)
{
	const struct walk *walk = &f->walk;
	uint64_t hash[2] = {0, 0};

	if (walk->n_frames != row->n || walk->cut != row->cut || walk->by_fp != row->by_fp)
		fail_msg("%s: %u frames, cut %u, %u by frame pointer", row->what, walk->n_frames, walk->cut, walk->by_fp);
	for (uint32_t i = 0; i < row->n; i++) {
		if (walk->frames[i] != row->frames[i])
			fail_msg("%s: frame %u is %#llx", row->what, i, walk->frames[i]);
		hash[0] = mix(hash[0], row->frames[i], MIX_A);
		hash[1] = mix(hash[1], row->frames[i], MIX_B);
	}
	if (row->frames[row->n - 1] != FIRST(START)) { /* corrected after it was hashed */
		assert_int_equal(walk->hash[0], hash[0]);
		assert_int_equal(walk->hash[1], hash[1]);
	}
	if (!!(walk->flags & ENTRY_UNVERIFIED) != row->unverified)
		fail_msg("%s: flags %u", row->what, walk->flags);
}

/* Twice: the second time each address is known already. */
static void test_steps(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i / 2];

		if (i % 2 == 0)
			publish_usual(f);
		put_stack(f, row);
		if (run(f))
			fail_msg("%s: handed over", row->what);
		expect(f, row);
	}
}

/* A system call's ip is behind its instruction. */
static void test_in_syscall(void **state)
{
	struct fixture *f = *state;
	const struct row row = {"in a system call", FIRST(RSP_16), .words = {RET(AT(END))},
		.frames = {FIRST(RSP_16) - 1, AT(END)}, .n = 2};

	publish_usual(f);
	put_stack(f, &row);
	f->walk.in_syscall = 1;
	assert_false(run(f));
	expect(f, &row);
}

static void test_depth_limit(void **state)
{
	struct fixture *f = *state;

	publish_usual(f);
	for (uint32_t frames = ABI_USER_FRAMES; frames <= ABI_USER_FRAMES + 1; frames++) {
		bool all = frames == ABI_USER_FRAMES;

		begin(f, AT(RSP_8));
		for (uint32_t i = 0; i < frames - 2; i++)
			put_word(f, i, RET(AT(RSP_8)));
		put_word(f, frames - 2, RET(AT(END)));
		assert_false(run(f));
		assert_int_equal(f->walk.n_frames, ABI_USER_FRAMES);
		assert_int_equal(f->walk.cut, all ? 0 : COUNTER_depth_limit);
		assert_int_equal(f->walk.frames[ABI_USER_FRAMES - 1], all ? AT(END) : AT(RSP_8));
		assert_int_equal(f->walk.flags, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_steps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_syscall, setup, teardown),
		cmocka_unit_test_setup_teardown(test_depth_limit, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
