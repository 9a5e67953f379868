// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cmd/cmd.h"
#include "cmd/option.h"
#include "cmd/record_options.h"

static struct record_options options;
static struct fault fault;

#define PARSE(...) parse((char *[]){"record", ##__VA_ARGS__, NULL})

static int parse(char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return record_options_parse(&options, argc, argv, &fault);
}

static void test_defaults(void **state)
{
	(void)state;
	assert_int_equal(PARSE(), 0);
	assert_int_equal(options.frequency_hz, 99);
	assert_int_equal(options.count, 0);
	assert_int_equal(options.memory_bytes, 64 << 20);
	assert_int_equal(options.duration_ns, 0);
	assert_int_equal(options.outputs.n, 0);
	assert_null(options.event);
	assert_null(options.command);
	assert_false(record_options_follow_command(&options));
}

static void test_selection(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-p", "1,2,1", "-L", "3", "-t4", "-C", "0-1,3", "-u", "root,5", "-u",
				 "9", "-G", "a", "-G", "b", "--comm", "fifteen-bytes-ok"),
		-EINVAL);
	assert_int_equal(PARSE("-p", "1,2,1", "-L", "3", "-t4", "-C", "0-1,3", "-u", "root,5", "-u",
				 "9", "-G", "a", "-G", "b", "--comm", "fifteen-bytes-y"),
		0);
	assert_int_equal(options.selection.pids.n, 2);
	assert_int_equal(options.selection.tids.n, 2);
	assert_int_equal(options.selection.tids.id[1], 4);
	assert_int_equal(cpu_mask_count(&options.selection.cpus), 3);
	assert_int_equal(options.selection.users.n, 3);
	assert_string_equal(options.selection.users.name[2], "9");
	assert_int_equal(options.selection.cgroups.n, 2);
	assert_string_equal(options.selection.comms.word[0], "fifteen-bytes-y");
}

static void test_sampling(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-c", "2m", "-e", "instructions:u", "0.5", "-g", "-U"), 0);
	assert_int_equal(options.count, 2000000);
	assert_int_equal(options.frequency_hz, 0);
	assert_int_equal(options.duration_ns, 500000000);
	assert_string_equal(options.event, "instructions:u");
	assert_true(options.user_only);
	assert_int_equal(PARSE("--freq", "999", "-d", "10"), 0);
	assert_int_equal(options.frequency_hz, 999);
	assert_true(options.duration_ns == 10000000000ULL);
}

static void test_output(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-o", "a.folded", "-o", "weird", "--format", "folded", "-o", "-",
				 "--memory", "128M", "--min-quality", "99.5"),
		0);
	assert_int_equal(options.outputs.n, 3);
	assert_ptr_equal(options.outputs.each[0].exporter, exporter_by_name("folded"));
	assert_ptr_equal(options.outputs.each[1].exporter, exporter_by_name("folded"));
	assert_ptr_equal(options.outputs.each[2].exporter, exporter_by_name("folded"));
	assert_int_equal(options.memory_bytes, 128 << 20);
	assert_true(options.min_quality > 99.4 && options.min_quality < 99.6);
}

static void test_command(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-F", "9", "--", "true", "-x"), 0);
	assert_string_equal(options.command[1], "-x");
	assert_true(record_options_follow_command(&options));
	assert_int_equal(PARSE("-a", "--", "true"), 0);
	assert_false(record_options_follow_command(&options));
}

static void test_wrong_usage(void **state)
{
	static const struct {
		char *words[6];
		const char *named, *hint;
	} cases[] = {
		{{"-F", "99", "-c", "1"}, "-F and -c", ""},
		{{"-U", "-K"}, "-U and -K", ""},
		{{"-a", "-p", "1"}, "-a and -p", ""},
		{{"-a", "-t", "1"}, "-a and -t", ""},
		{{"-q", "-v"}, "-q and -v", ""},
		{{"--container", "abcde"}, "'abcde' has 5 digits", "6 or more"},
		{{"--container", "web-1"}, "'web-1' is no id", "docker ps"},
		{{"--container", ""}, "--container", ""},
		{{"--ouptut", "x"}, "--ouptut", "--output"},
		{{"-F", "0"}, "'0'", "1 to 100000"},
		{{"-F", "1e3"}, "'1e3'", ""},
		{{"-F", "100001"}, "'100001'", ""},
		{{"-F", "-5"}, "'-5'", ""},
		{{"-c", "0"}, "'0'", ""},
		{{"-c", "9999999999g"}, "'9999999999g'", ""},
		{{"-d", "0"}, "'0'", ""},
		{{"-d", "ten"}, "'ten'", ""},
		{{"ls"}, "'ls'", "follows --"},
		{{"-p", "abc"}, "'abc'", ""},
		{{"-p", "1,,2"}, "'1,,2'", ""},
		{{"-p", "0"}, "'0'", ""},
		{{"-p", "4194305"}, "'4194305'", ""},
		{{"-C", "3-1"}, "'3-1'", "0-3,7"},
		{{"--comm", "a-name-that-is-longer"}, "15 bytes", "'a-name-that-is-'"},
		{{"-e", "cycles", "-e", "cs"}, "'cs'", "cycles"},
		{{"-o", "x.htm"}, "x.htm", ".html"},
		{{"-o", "x"}, "-o x", ".folded"},
		{{"-o", "x.folded", "-o", "x.folded"}, "'x.folded' is given twice", ""},
		{{"-o", "-", "-o", "-"}, "'-' is given twice", ""},
		{{"-o", "-", "--stats", "-"}, "--stats: '-'", "already"},
		{{"--stats", "x.folded", "-o", "x.folded"}, "--stats: 'x.folded'", "already"},
		{{"-o", "x", "--format", "foldde"}, "'foldde'", "folded"},
		{{"--format", "folded"}, "'folded'", "-o"},
		{{"--memory", "1"}, "'1'", "64M"},
		{{"--memory", "64Q"}, "'64Q'", ""},
		{{"--min-quality", "101"}, "'101'", ""},
		{{"--"}, "no command", ""},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *const *words = cases[i].words;
		int err = PARSE(words[0], words[1], words[2], words[3]);

		if (err != -EINVAL || !strstr(fault.text, cases[i].named) ||
			!strstr(fault.text, cases[i].hint) || strchr(fault.text, '\n'))
			fail_msg("%s %s: %d %s", words[0], words[1] ? words[1] : "", err,
				fault.text);
	}
}

static void test_unchanged_on_failure(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-F", "7"), 0);
	assert_int_equal(PARSE("-F", "8", "--nonsense"), -EINVAL);
	assert_int_equal(options.frequency_hz, 7);
}

static void test_help_fits(void **state)
{
	unsigned lines = 0, width = 0, widest = 0;
	FILE *file = tmpfile();
	int saved = dup(1), c;

	(void)state;
	fflush(stdout);
	dup2(fileno(file), 1);
	option_help(&record_command);
	fflush(stdout);
	dup2(saved, 1);
	close(saved);
	rewind(file);
	while ((c = fgetc(file)) != EOF) {
		width = c == '\n' ? 0 : width + 1;
		widest = width > widest ? width : widest;
		lines += c == '\n';
	}
	fclose(file);
	assert_in_range(lines, 25, 45);
	assert_in_range(widest, 40, 86);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_selection),
		cmocka_unit_test(test_sampling),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_wrong_usage),
		cmocka_unit_test(test_unchanged_on_failure),
		cmocka_unit_test(test_help_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
