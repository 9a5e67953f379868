// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "collect/kernel_release.h"
#include "collect/probe.h"

static void test_versions(void **state)
{
	static const struct {
		const char *release, *version, *signature;
		unsigned major, minor, patch;
	} cases[] = {
		{"6.1.0-9-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.27-1 (2023-05-08)", NULL, 6, 1,
			27},
		{"6.1.0-10-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.38-1 (2023-07-14)", NULL, 6,
			1, 38},
		{"5.10.0-23-amd64", "#1 SMP Debian 5.10.179-1 (2023-05-12)", NULL, 5, 10, 179},
		{"6.2.0-26-generic", "#26~22.04.1-Ubuntu SMP PREEMPT_DYNAMIC Thu Jul 13",
			"Ubuntu 6.2.0-26.26~22.04.1-generic 6.2.13\n", 6, 2, 13},
		{"5.15.0-60-generic", "#66-Ubuntu SMP Fri Jan 20",
			"Ubuntu 5.15.0-60.66-generic 5.15.78", 5, 15, 78},
		{"6.18.44-fc", "#1 SMP PREEMPT_DYNAMIC @0", NULL, 6, 18, 44},
		{"6.4-rc1", "#1", NULL, 6, 4, 0},
		{"6.1.36", "#1", "nonsense", 6, 1, 36},
	};
	struct kernel_release kernel = {1, 2, 3};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(kernel_release_parse(&kernel, cases[i].release, cases[i].version,
					 cases[i].signature),
			0);
		assert_int_equal(kernel.major, cases[i].major);
		assert_int_equal(kernel.minor, cases[i].minor);
		assert_int_equal(kernel.patch, cases[i].patch);
	}
	kernel.patch = 9;
	assert_int_equal(kernel_release_parse(&kernel, "nonsense", "#1", NULL), -EINVAL);
	assert_int_equal(kernel.patch, 9);
}

static void test_refused_versions(void **state)
{
	static const struct {
		struct kernel_release kernel;
		bool old, freezes;
	} cases[] = {
		{{4, 19, 300}, true, false},
		{{5, 9, 16}, true, false},
		{{5, 10, 0}, false, false},
		{{5, 18, 19}, false, false},
		{{5, 19, 0}, false, true},
		{{6, 0, 19}, false, true},
		{{6, 1, 35}, false, true},
		{{6, 1, 36}, false, false},
		{{6, 2, 16}, false, true},
		{{6, 3, 9}, false, true},
		{{6, 3, 10}, false, false},
		{{6, 4, 0}, false, false},
		{{6, 18, 44}, false, false},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(kernel_release_too_old(&cases[i].kernel), cases[i].old);
		assert_int_equal(kernel_release_freezes(&cases[i].kernel), cases[i].freezes);
	}
}

static void test_capabilities(void **state)
{
	char text[CAPABILITY_NAMES];

	(void)state;
	assert_int_equal(capabilities_missing(~0ULL), 0);
	assert_int_equal(capabilities_missing(0), capabilities_needed());
	capabilities_print(~0ULL, text, sizeof(text));
	assert_string_equal(text, "CAP_BPF CAP_PERFMON CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_SYSLOG CAP_CHECKPOINT_RESTORE "
				  "CAP_SYS_RESOURCE CAP_SYS_ADMIN");
	/* Where the kernel asks for CAP_SYS_ADMIN, that stays. */
	capabilities_print(capabilities_staying(~0ULL) & ~(1ULL << CAP_SYS_ADMIN), text, sizeof(text));
	assert_string_equal(text, "CAP_BPF CAP_PERFMON CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_CHECKPOINT_RESTORE");
	assert_int_equal((capabilities_staying(~0ULL) ^ capabilities_needed()) >> CAP_SYS_ADMIN & 1, 0);
	capabilities_print(0, text, sizeof(text));
	assert_string_equal(text, "");
	capabilities_print(~0ULL, text, 4);
	assert_string_equal(text, "CAP");
	assert_true(capabilities_required(capabilities_needed()));
	assert_true(capabilities_required(1ULL << CAP_PERFMON));
	assert_false(capabilities_required(1ULL << CAP_SYSLOG | 1ULL << CAP_SYS_ADMIN));
}

/* CAP_SYS_ADMIN is kept by whoever has nothing better. */
static void test_sys_admin(void **state)
{
	const uint64_t sys_admin = 1ULL << CAP_SYS_ADMIN, ptrace = 1ULL << CAP_SYS_PTRACE;

	(void)state;
	assert_int_equal(capabilities_missing(sys_admin), capabilities_needed() & ~(1ULL << CAP_BPF | 1ULL << CAP_PERFMON |
									      1ULL << CAP_CHECKPOINT_RESTORE));
	assert_int_equal(capabilities_staying(sys_admin | ptrace | 1ULL << CAP_SYSLOG), sys_admin | ptrace);
	assert_int_equal(capabilities_staying(sys_admin | 1ULL << CAP_BPF), sys_admin | 1ULL << CAP_BPF);
}

static void test_lockdown(void **state)
{
	(void)state;
	assert_true(probe_locked_down("none integrity [confidentiality]"));
	assert_false(probe_locked_down("[none] integrity confidentiality"));
	assert_false(probe_locked_down("none [integrity] confidentiality"));
}

/* Whatever the machine: each row answers, and what is not OK says what it costs. */
static void test_rows(void **state)
{
	(void)state;
	for (unsigned i = 0; i < n_probes; i++) {
		struct probe_result result;

		memset(&result, 0xff, sizeof(result));
		probes[i].run(&result);
		assert_in_range(result.verdict, PROBE_OK, PROBE_FAIL);
		assert_int_not_equal(strlen(result.found), 0);
		assert_int_equal(result.verdict == PROBE_OK, !result.cost[0]);
		if (result.verdict == PROBE_FAIL)
			assert_int_not_equal(strlen(result.fix), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_refused_versions),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_sys_admin),
		cmocka_unit_test(test_lockdown),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
