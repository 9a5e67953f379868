// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stacks as strings, innermost first. Native frames: N any, L the loop, S greenlet's, P part of the loop frame that
 * follows. Runtime frames: small letters, `|` ends a group, `0` is a group's end without a frame.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "runtime/weave.h"

#define CUT COUNTER_stack_copy_short
#define RUNTIME_CUT COUNTER_runtime_unreadable

struct row {
	const char *what, *native, *frames, *woven;
	uint8_t cut, runtime_cut;
	uint8_t woven_cut;
	bool mismatch;
};

static const struct row rows[] = {
	{"nothing", "", "", "", 0, 0, 0, false},
	{"no interpreter", "NNN", "", "NNN", 0, 0, 0, false},
	{"one loop, one frame", "NLN", "a|", "NaN", 0, 0, 0, false},
	{"one loop, three frames", "NLN", "abc|", "NabcN", 0, 0, 0, false},
	{"two loops", "NLNNLN", "ab|c|", "NabNNcN", 0, 0, 0, false},
	{"each frame a loop", "LNLNL", "a|b|c|", "aNbNc", 0, 0, 0, false},
	{"the last group has no end", "LN", "ab", "abN", 0, 0, 0, false},
	{"a loop that begins", "NLNLN", "a|", "NLNaN", 0, 0, 0, false},
	{"the first one that begins", "NLN", "", "NLN", 0, 0, 0, false},
	{"a group without a frame", "NLNLN", "0|a|", "NLNaN", 0, 0, 0, false},
	{"parts of a loop", "NPLNPL", "a|b|", "NaNb", 0, 0, 0, false},
	{"parts of one that stays", "NPLNPL", "a|", "NPLNa", 0, 0, 0, false},
	{"parts where nothing is known", "NPL", "", "NPL", 0, 0, 0, false},
	{"two loops too many", "LNLNL", "a|", "aNLNL", 0, 0, 0, true},
	{"no frames of three loops", "LNLNL", "", "LNLNL", 0, 0, 0, true},
	{"a group too many", "NLN", "a|b|", "NaNb", 0, 0, 0, true},
	{"frames without a loop", "NN", "a|bc|", "NNabc", 0, 0, 0, true},
	{"native stack cut, outer groups", "NL", "a|b|c|", "Nabc", CUT, 0, CUT, false},
	{"native stack cut, all pair", "NLNL", "a|b|", "NaNb", CUT, 0, CUT, false},
	{"native stack cut, a loop begins", "NLNL", "a|", "NLNa", CUT, 0, CUT, false},
	{"native stack cut, loops too many", "LLL", "a|", "aLL", CUT, 0, CUT, true},
	{"frames cut, outer loops stay", "LNLNLN", "a|b", "aNbNLN", 0, RUNTIME_CUT, RUNTIME_CUT, false},
	{"frames cut, none was read", "LNLNL", "", "LNLNL", 0, RUNTIME_CUT, RUNTIME_CUT, false},
	{"both cut: the native cause", "LNL", "a|b", "aNb", CUT, RUNTIME_CUT, CUT, false},
	{"a greenlet ends where it was started", "NLNLSSNLNL", "a|b|", "NaNbSS", 0, 0, 0, false},
	{"whatever lies further out", "NLNLSSN", "a|b|", "NaNbSSN", 0, 0, 0, false},
	{"is it cut there, too", "NLNLSSNNLL", "a|b|", "NaNbSS", CUT, 0, 0, false},
	{"a greenlet's loop that begins", "NLNLSSNLNL", "a|", "NLNaSS", 0, 0, 0, false},
	{"the first greenlet, while it switches", "SSNLNLN", "a|b|", "SSNaNbN", 0, 0, 0, false},
	{"a greenlet without frames", "NSSNLNL", "", "NSS", 0, 0, 0, false},
	{"a greenlet in another's copy", "LSLSLL", "a|", "aS", 0, 0, 0, false},
};

static uint32_t parse_native(const char *text, uint8_t *kinds)
{
	static const char letters[] = "NLSP";
	uint32_t n = 0;

	for (; *text; text++)
		kinds[n++] = (uint8_t)(strchr(letters, *text) - letters);
	return n;
}

static uint32_t parse_frames(const char *text, struct abi_runtime_frame *frames)
{
	uint32_t n = 0;

	for (; *text; text++)
		if (*text == '|')
			frames[n - 1].code |= RUNTIME_GROUP_END;
		else
			frames[n++] = (struct abi_runtime_frame){.code = *text == '0' ? 0 : (uint64_t)*text};
	return n;
}

static struct weave_output out;

static void print(char *to, const char *native, const struct abi_runtime_frame *frames)
{
	for (uint32_t i = 0; i < out.n; i++)
		*to++ = out.items[i].runtime ? (char)(frames[out.items[i].index].code & RUNTIME_ADDRESS)
					     : native[out.items[i].index];
	*to = '\0';
}

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct abi_runtime_frame frames[16];
		uint8_t kinds[16];
		const struct weave_input input = {kinds, parse_native(row->native, kinds), frames,
			parse_frames(row->frames, frames), row->cut, row->runtime_cut};
		char woven[64];

		weave(&out, &input);
		print(woven, row->native, frames);
		if (strcmp(woven, row->woven) || out.cut != row->woven_cut || out.mismatch != row->mismatch)
			fail_msg("%s: %s, cut %u, mismatch %d", row->what, woven, out.cut, out.mismatch);
	}
}

/* As much as there can be, of which nothing pairs: everything is there once, in order. */
static void test_most(void **state)
{
	static uint8_t kinds[ABI_FRAMES];
	static struct abi_runtime_frame frames[ABI_RUNTIME_FRAMES];
	const struct weave_input input = {kinds, ABI_FRAMES, frames, ABI_RUNTIME_FRAMES, 0, 0};
	uint32_t native = 0, runtime = 0;

	(void)state;
	for (uint32_t i = 0; i < ABI_RUNTIME_FRAMES; i++)
		frames[i].code = 0x1000;
	weave(&out, &input);
	assert_int_equal(out.n, ABI_FRAMES + ABI_RUNTIME_FRAMES);
	for (uint32_t i = 0; i < out.n; i++)
		assert_int_equal(out.items[i].index, out.items[i].runtime ? runtime++ : native++);
	assert_true(out.mismatch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules), cmocka_unit_test(test_most)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
