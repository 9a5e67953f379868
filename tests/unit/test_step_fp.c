// SPDX-License-Identifier: GPL-2.0-or-later
/* The frame-pointer step, compiled for the host: every outcome, its boundary, and that a refusal changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "step_buffer.h"
#include "step_fp.h"

#define AT 0x7ffc00000000ULL
#define WORDS 8

struct row {
	const char *what;
	__u64 sp, fp;
	__u64 caller_fp, caller_ip; /* at AT + 16 */
	int outcome;
	unsigned reads;
};

static const struct row rows[] = {
	{"a caller", AT, AT + 16, AT + 32, 0x401000, STEP_OK, 2},
	{"the frame starts at sp", AT + 16, AT + 16, AT + 32, 0x401000, STEP_OK, 2},
	{"whatever the caller's fp is", AT, AT + 16, 12345, 0x401000, STEP_OK, 2},
	{"the outermost frame", AT, 0, 0, 0, STEP_END, 0},
	{"a frame without a caller", AT, AT + 16, AT + 32, 0, STEP_END, 2},
	{"misaligned by 1", AT, AT + 17, AT + 32, 0x401000, COUNTER_no_unwind_info, 0},
	{"misaligned by 4", AT, AT + 20, AT + 32, 0x401000, COUNTER_no_unwind_info, 0},
	{"below sp", AT + 24, AT + 16, AT + 32, 0x401000, COUNTER_no_unwind_info, 0},
	{"at the reach's end", AT + 16 - STEP_FP_REACH, AT + 16, 0, 0x401000, STEP_OK, 2},
	{"beyond reach", AT + 8 - STEP_FP_REACH, AT + 16, 0, 0x401000, COUNTER_no_unwind_info, 0},
	{"sp is nothing", 0, AT + 16, 0, 0x401000, COUNTER_no_unwind_info, 0},
	{"no memory", AT, AT + 64, 0, 0, COUNTER_stack_paged_out, 1},
	{"no memory for the return address", AT, AT + 56, 0, 0, COUNTER_stack_paged_out, 2},
	{"the last word of all", ~15ULL, ~7ULL, 0, 0, COUNTER_stack_paged_out, 1},
	{"caller in the NULL page", AT, AT + 16, 0, 4095, COUNTER_no_unwind_info, 2},
	{"caller behind the NULL page", AT, AT + 16, 0, 4096, STEP_OK, 2},
	{"highest caller", AT, AT + 16, 0, (1ULL << 56) - 1, STEP_OK, 2},
	{"caller not canonical", AT, AT + 16, 0, 1ULL << 56, COUNTER_no_unwind_info, 2},
	{"caller in the kernel", AT, AT + 16, 0, ~0ULL, COUNTER_no_unwind_info, 2},
};

static void check(const struct row *row)
{
	__u64 words[WORDS] = {[2] = row->caller_fp, [3] = row->caller_ip};
	struct step_memory memory = {(const unsigned char *)words, AT, sizeof(words), 0, false};
	const struct step_regs before = {.ip = 0x400000, .sp = row->sp, .fp = row->fp};
	struct step_regs regs = before;
	int outcome = step_fp(&regs, &memory);

	if (outcome != row->outcome || memory.reads != row->reads)
		fail_msg("%s: outcome %d after %u reads, not %d after %u", row->what, outcome,
			memory.reads, row->outcome, row->reads);
	assert_false(memory.misaligned);
	assert_int_equal(regs.ip, outcome ? before.ip : row->caller_ip);
	assert_int_equal(regs.sp, outcome ? before.sp : before.fp + 16);
	assert_int_equal(regs.fp, outcome ? before.fp : row->caller_fp);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(&rows[i]);
}

/* Each step moves sp up: whatever the stack holds, a walk over n words ends within n / 2 steps. */
static void test_circles(void **state)
{
	const __u64 targets[] = {AT, AT + 8, AT + 16, AT + 24, AT + 32};

	(void)state;
	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		__u64 words[WORDS] = {AT + 16, 0x401000, AT + 32, 0x401010, targets[i], 0x401020};
		struct step_memory memory = {
			(const unsigned char *)words, AT, sizeof(words), 0, false};
		struct step_regs regs = {.ip = 0x400000, .sp = AT, .fp = AT};

		for (int step = 0; step < 3; step++)
			assert_int_equal(step_fp(&regs, &memory), STEP_OK);
		assert_int_equal(step_fp(&regs, &memory), COUNTER_no_unwind_info);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_circles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
