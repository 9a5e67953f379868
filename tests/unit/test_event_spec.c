// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "collect/event_names.h"
#include "collect/event_spec.h"

static char sysfs[] = "/tmp/profound-sysfs-XXXXXX";

static const struct {
	const char *path, *text; /* text NULL: a directory */
} tree[] = {
	{"cpu", NULL},
	{"cpu/type", "4\n"},
	{"cpu/format", NULL},
	{"cpu/format/event", "config:0-7,32-35\n"},
	{"cpu/format/umask", "config:8-15\n"},
	{"cpu/format/edge", "config:18\n"},
	{"cpu/format/offcore", "config1:0-15\n"},
	{"cpu/format/far", "config3:0-63\n"},
	{"cpu/events", NULL},
	{"cpu/events/instructions", "event=0xc0\n"},
	{"cpu/events/mem-loads", "event=0xcd,umask=0x1,offcore=3\n"},
	{"cpu/events/needs", "event=0x1,umask=?\n"},
	{"cpu/events/loop", "loop\n"},
	{"cpu/events/instructions.unit", "x\n"},
	{"uncore", NULL},
	{"uncore/type", "17\n"},
	{"uncore/cpumask", "0,4\n"},
};

static int grow(void **state)
{
	char path[256];

	(void)state;
	if (!mkdtemp(sysfs))
		return -1;
	for (unsigned i = 0; i < sizeof(tree) / sizeof(*tree); i++) {
		snprintf(path, sizeof(path), "%s/%s", sysfs, tree[i].path);
		if (!tree[i].text) {
			if (mkdir(path, 0700))
				return -1;
			continue;
		}
		FILE *file = fopen(path, "w");

		if (!file)
			return -1;
		fputs(tree[i].text, file);
		fclose(file);
	}
	return 0;
}

static int fell(void **state)
{
	char path[256];

	(void)state;
	for (int i = sizeof(tree) / sizeof(*tree) - 1; i >= 0; i--) {
		snprintf(path, sizeof(path), "%s/%s", sysfs, tree[i].path);
		remove(path);
	}
	return rmdir(sysfs);
}

static struct event_spec spec;
static struct fault fault;

static int parse(const char *text)
{
	return event_spec_parse(&spec, text, sysfs, &fault);
}

/* Types and numbers as `perf stat -vv` of Linux 6.1 shows them. */
static void test_names(void **state)
{
	static const struct {
		const char *text;
		uint32_t type;
		uint64_t config;
	} cases[] = {
		{"cycles", 0, 0},
		{"cpu-cycles", 0, 0},
		{"Instructions", 0, 1},
		{"cache-references", 0, 2},
		{"cache-misses", 0, 3},
		{"branches", 0, 4},
		{"branch-instructions", 0, 4},
		{"branch-misses", 0, 5},
		{"bus-cycles", 0, 6},
		{"idle-cycles-frontend", 0, 7},
		{"stalled-cycles-backend", 0, 8},
		{"ref-cycles", 0, 9},
		{"cpu-clock", 1, 0},
		{"task-clock", 1, 1},
		{"faults", 1, 2},
		{"page-faults", 1, 2},
		{"cs", 1, 3},
		{"migrations", 1, 4},
		{"minor-faults", 1, 5},
		{"major-faults", 1, 6},
		{"alignment-faults", 1, 7},
		{"emulation-faults", 1, 8},
		{"cgroup-switches", 1, 11},
		{"L1-dcache-load-misses", 3, 0x10000},
		{"l1d-loads", 3, 0},
		{"l1d", 3, 0},
		{"l1-d-misses-load", 3, 0x10000},
		{"L1-icache-prefetches", 3, 0x201},
		{"LLC-loads-misses", 3, 0x10002},
		{"llc-stores", 3, 0x102},
		{"dTLB-store-misses", 3, 0x10103},
		{"iTLB-loads", 3, 4},
		{"branch-loads", 3, 5},
		{"branch-load-misses", 3, 0x10005},
		{"node-prefetch-misses", 3, 0x10206},
		{"node-speculative-read-miss", 3, 0x10206},
		{"L2-refs", 3, 2},
		{"r1a8", 4, 0x1a8},
		{"R1A8", 4, 0x1a8},
		{"rffffffffffffffff", 4, ~0ULL},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (parse(cases[i].text) || spec.type != cases[i].type ||
			spec.config != cases[i].config)
			fail_msg("%s: type %u config %#lx", cases[i].text, spec.type,
				(unsigned long)spec.config);
		assert_string_equal(spec.name, cases[i].text);
	}
}

static void test_modifiers(void **state)
{
	(void)state;
	assert_int_equal(parse("cycles:u"), 0);
	assert_true(!spec.exclude_user && spec.exclude_kernel && spec.exclude_hv);
	assert_int_equal(parse("cpu-clock:k"), 0);
	assert_true(spec.exclude_user && !spec.exclude_kernel && spec.clock);
	assert_int_equal(parse("cycles:uk"), 0);
	assert_true(!spec.exclude_user && !spec.exclude_kernel && spec.exclude_hv);
	assert_int_equal(parse("cycles"), 0);
	assert_true(!spec.exclude_hv && !spec.clock);
	assert_int_equal(parse("cycles:pp"), -EINVAL);
	assert_non_null(strstr(fault.text, "precise"));
	assert_int_equal(parse("cycles:G"), -EINVAL);
	assert_non_null(strstr(fault.text, "'G'"));
	assert_int_equal(parse("cpu/event=1/u"), 0);
	assert_true(spec.exclude_kernel);
	assert_int_equal(parse("cpu/event=1/:k"), 0);
	assert_true(spec.exclude_user);
}

static void test_pmu(void **state)
{
	(void)state;
	assert_int_equal(parse("cpu/event=0x13c,umask=0x2/"), 0);
	assert_int_equal(spec.type, 4);
	assert_true(spec.config == (0x3cULL | 0x2 << 8 | 1ULL << 32));
	assert_int_equal(parse("cpu/event=0x3c,edge,offcore=0xffff/"), 0);
	assert_true(spec.config == (0x3c | 1 << 18) && spec.config1 == 0xffff);
	assert_int_equal(parse("cpu/mem-loads/"), 0);
	assert_true(spec.config == 0x1cd && spec.config1 == 3);
	assert_int_equal(parse("cpu/mem-loads,offcore=9/"), 0);
	assert_int_equal(spec.config1, 9);
	assert_int_equal(parse("cpu/config=0x77,config2=5/"), 0);
	assert_true(spec.config == 0x77 && spec.config2 == 5);
	assert_int_equal(parse("cpu/needs,umask=4/"), 0);
	assert_int_equal(spec.config, 0x401);
	assert_false(spec.by_cpu);
	assert_int_equal(parse("uncore/config=1/"), 0);
	assert_int_equal(spec.type, 17);
	assert_true(spec.by_cpu && cpu_mask_has(&spec.cpus, 4) && !cpu_mask_has(&spec.cpus, 1));
}

static void test_faults(void **state)
{
	static const struct {
		const char *text;
		int err;
		const char *says;
	} cases[] = {
		{"", -EINVAL, "empty"},
		{"cylces", -ENOENT, "did you mean cycles?"},
		{"cpuclock:u", -ENOENT, "did you mean cpu-clock?"},
		{"L1-dcache-laod-misses", -ENOENT, "did you mean L1-dcache-load-misses?"},
		{"branch-stores", -ENOENT, "branch-stores"},
		{"node-load-load", -ENOENT, "node"},
		{"r", -ENOENT, "unknown"},
		{"r1g", -ENOENT, "unknown"},
		{"r11111111111111111", -ENOENT, "unknown"},
		{"sched:sched_switch", -EINVAL, "tracepoint events are not supported yet"},
		{"dummy", -EINVAL, "cannot be sampled"},
		{"bpf-output", -EINVAL, "cannot be sampled"},
		{"cycles,instructions", -EINVAL, "one event at a time"},
		{"{cycles}", -EINVAL, "one event at a time"},
		{"cpu/event=1/,cs", -EINVAL, "one event at a time"},
		{"cpu/event=1", -EINVAL, "closing /"},
		{"cpi/event=1/", -ENOENT, "did you mean cpu?"},
		{"../event=1/", -ENOENT, "no PMU"},
		{"cpu/evnet=1/", -ENOENT, "did you mean event?"},
		{"cpu/instrucions/", -ENOENT, "did you mean instructions?"},
		{"cpu/../type/", -ENOENT, "cpu"},
		{"cpu/event=0x1000/", -EINVAL, "does not fit"},
		{"cpu/edge=2/", -EINVAL, "does not fit"},
		{"cpu/event=x/", -EINVAL, "no number"},
		{"cpu/event=1,,umask=1/", -EINVAL, "empty term"},
		{"cpu/far=1/", -EINVAL, "not supported"},
		{"cpu/needs/", -EINVAL, "needs a value"},
		{"cpu/needs,edge=1/", -EINVAL, "umask=1"},
		{"cpu/loop/", -ENOENT, "loop"},
		{"cpu/event=1/p", -EINVAL, "precise"},
	};
	char longest[300];

	(void)state;
	spec.config = 4242;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int err = parse(cases[i].text);

		if (err != cases[i].err || !strstr(fault.text, cases[i].says))
			fail_msg("%s: %d %s", cases[i].text, err, fault.text);
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	assert_int_equal(parse(longest), -EINVAL);
	assert_int_equal(spec.config, 4242);
}

static void test_fallback(void **state)
{
	(void)state;
	event_spec_default(&spec);
	assert_false(event_spec_fallback(&spec, -EACCES));
	assert_true(event_spec_fallback(&spec, -ENOENT));
	assert_true(spec.type == PERF_TYPE_SOFTWARE && spec.clock && spec.fell_back);
	assert_string_equal(spec.name, "cpu-clock");
	assert_false(event_spec_fallback(&spec, -ENOENT));
	assert_int_equal(parse("cycles:k"), 0);
	assert_true(event_spec_fallback(&spec, -EOPNOTSUPP));
	assert_string_equal(spec.name, "cpu-clock:k");
	assert_true(spec.exclude_user);
	assert_int_equal(parse("instructions"), 0);
	assert_false(event_spec_fallback(&spec, -ENOENT));
	assert_int_equal(event_spec_refused(&spec, -EINVAL, &fault), -ENODEV);
	assert_int_equal(event_spec_refused(&spec, -ENOENT, &fault), -ENOENT);
	assert_non_null(strstr(fault.text, "instructions"));
}

static int check_parses(void *context, const char *kind, const char *name, const char *alias)
{
	unsigned *count = context;

	(void)alias;
	++*count;
	if (!strcmp(name, "cpu/loop/") || !strcmp(name, "cpu/needs/"))
		return 0;
	return parse(name) ? -1 : !strcmp(kind, "cache") && spec.type != PERF_TYPE_HW_CACHE;
}

static void test_list_parses(void **state)
{
	unsigned count = 0;

	(void)state;
	assert_int_equal(event_spec_each(sysfs, check_parses, &count), 0);
	/* 10 hardware, 10 software, 16 valid pairs of cache and operation twice, 4 of the PMU. */
	assert_int_equal(count, 10 + 10 + 2 * 16 + 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_modifiers),
		cmocka_unit_test(test_pmu),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_fallback),
		cmocka_unit_test(test_list_parses),
	};

	return cmocka_run_group_tests(tests, grow, fell);
}
