// SPDX-License-Identifier: GPL-2.0-or-later
/* What was due and did not run: idle, throttled, or not run; the figures add up in every case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collect/account.h"

#define PERIOD 1000

struct row {
	struct account account;
	int64_t expected, idle, not_run, throttled;
};

static const struct row rows[] = {
	/* Without a period nothing is known but what was seen. */
	{{.runs = 80, .idle = 30, .passed = 50}, TRUST_NULL, 30, TRUST_NULL, 0},
	{{.runs = 80, .passed = 80, .throttled = true}, TRUST_NULL, 0, TRUST_NULL, TRUST_NULL},
	/* Idle time explains what the timer did not fire for while the CPU slept, and no more than that. */
	{{.due = 100, .runs = 80, .idle = 30, .passed = 50, .idle_ns = 45 * PERIOD}, 100, 45, 5, 0},
	{{.due = 100, .runs = 80, .idle = 30, .passed = 50, .idle_ns = 20 * PERIOD}, 100, 30, 20, 0},
	{{.due = 100, .runs = 80, .idle = 30, .passed = 50, .throttled_ns = 7 * PERIOD}, 100, 30, 13, 7},
	/* More ran than was due: the reading was early. */
	{{.due = 79, .runs = 80, .idle = 30, .passed = 50}, 80, 30, 0, 0},
	/* Idle runs that are drawn explain the idle time as those that are only counted do. */
	{{.due = 100, .runs = 80, .idle = 30, .passed = 80, .idle_ns = 45 * PERIOD, .keep_idle = true},
		100, 15, 5, 0},
	{{.due = 100, .runs = 80, .idle = 30, .passed = 80, .idle_ns = 30 * PERIOD, .keep_idle = true},
		100, 0, 20, 0},
	/* A selection has its share of what did not run, and nothing idle. */
	{{.due = 120, .runs = 80, .passed = 20, .selective = true}, 30, 0, 10, 0},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct account account = rows[i].account;
		struct trust trust = {0};

		account.period = account.due ? PERIOD : 0;
		account.clock = account.due;
		account_samples(&account, &trust);
		if (trust.expected != rows[i].expected || trust.idle != rows[i].idle ||
			trust.counter[COUNTER_not_run] != rows[i].not_run ||
			trust.counter[COUNTER_throttled] != rows[i].throttled)
			fail_msg("row %zu: expected %ld, idle %ld, not run %ld, throttled %ld", i,
				(long)trust.expected, (long)trust.idle,
				(long)trust.counter[COUNTER_not_run],
				(long)trust.counter[COUNTER_throttled]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
