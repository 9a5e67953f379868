// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/cpu_mask.h"
#include "base/nearest.h"
#include "base/number.h"
#include "cmd/option.h"

struct seen {
	unsigned flags, others, arguments;
	char value[64], argument[64];
};

static int set_flag(void *into, const char *value, struct fault *fault)
{
	(void)fault;
	assert_null(value);
	((struct seen *)into)->flags++;
	return 0;
}

static int set_other(void *into, const char *value, struct fault *fault)
{
	(void)value, (void)fault;
	((struct seen *)into)->others++;
	return 0;
}

static int set_value(void *into, const char *value, struct fault *fault)
{
	if (!strcmp(value, "bad"))
		return fault_set(fault, -EINVAL, "'bad' is bad");
	strcpy(((struct seen *)into)->value, value);
	return 0;
}

static int argument(void *into, const char *value, struct fault *fault)
{
	(void)fault;
	((struct seen *)into)->arguments++;
	strcpy(((struct seen *)into)->argument, value);
	return 0;
}

static const struct option_spec options[] = {
	{"one", 'U', "user", NULL, "a flag", set_flag},
	{"one", 'K', "kernel", NULL, "another", set_other},
	{"two", 'F', "frequency", "HZ", "a value", set_value},
	{"two", 0, "freq", "HZ", NULL, set_value},
};
static const struct command_spec command = {.name = "test",
	.synopsis = "",
	.summary = "x",
	.options = options,
	.n_options = 4,
	.argument = argument,
	.takes_command = true};

#define PARSE(seen, result, fault, ...) \
	parse(seen, result, fault, (char *[]){"test", ##__VA_ARGS__, NULL})

static int parse(struct seen *seen, struct option_result *result, struct fault *fault, char **argv)
{
	int argc = 0;

	memset(seen, 0, sizeof(*seen));
	while (argv[argc])
		argc++;
	return option_parse(&command, argc, argv, seen, result, fault);
}

static void test_spellings(void **state)
{
	char *forms[][3] = {{"-F99"}, {"-F", "99"}, {"--frequency=99"}, {"--frequency", "99"},
		{"--freq=99"}, {"-UF99"}};
	struct option_result result;
	struct fault fault;
	struct seen seen;

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(PARSE(&seen, &result, &fault, forms[i][0], forms[i][1]), 0);
		assert_string_equal(seen.value, "99");
	}
	assert_int_equal(PARSE(&seen, &result, &fault, "-UK", "10", "-U"), 0);
	assert_int_equal(seen.flags, 2);
	assert_int_equal(seen.others, 1);
	assert_string_equal(seen.argument, "10");
}

static void test_command(void **state)
{
	struct option_result result;
	struct fault fault;
	struct seen seen;

	(void)state;
	assert_int_equal(PARSE(&seen, &result, &fault, "-U", "--", "-K", "--help"), 0);
	assert_string_equal(result.command[0], "-K");
	assert_string_equal(result.command[1], "--help");
	assert_null(result.command[2]);
	assert_int_equal(seen.others, 0);
	assert_false(result.help);
	assert_int_equal(PARSE(&seen, &result, &fault, "--"), -EINVAL);
}

static void test_faults(void **state)
{
	static const struct {
		char *words[2];
		const char *text;
	} cases[] = {
		{{"--frequncy"}, "unknown option --frequncy; did you mean --frequency?"},
		{{"--hlep"}, "unknown option --hlep; did you mean --help?"},
		{{"--frequency-of-it=3"}, "unknown option --frequency-of-it; see --help"},
		{{"-u"}, "unknown option -u; did you mean -U?"},
		{{"-z"}, "unknown option -z; see --help"},
		{{"-F"}, "-F needs a value: HZ"},
		{{"--frequency"}, "--frequency needs a value: HZ"},
		{{"--user=1"}, "--user takes no value"},
		{{"-Fbad"}, "-F: 'bad' is bad"},
		{{"--frequency=bad"}, "--frequency: 'bad' is bad"},
	};
	struct option_result result = {.help = true};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fault fault;
		struct seen seen;

		assert_int_equal(PARSE(&seen, &result, &fault, cases[i].words[0]), -EINVAL);
		assert_string_equal(fault.text, cases[i].text);
	}
	assert_true(result.help);
}

static void test_help_wins(void **state)
{
	struct option_result result;
	struct fault fault;
	struct seen seen;

	(void)state;
	assert_int_equal(PARSE(&seen, &result, &fault, "--help", "--nonsense"), 0);
	assert_true(result.help);
	assert_int_equal(PARSE(&seen, &result, &fault, "-h"), 0);
	assert_true(result.help);
}

static void test_nearest(void **state)
{
	static const char *const words[] = {"cycles", "cpu-clock", "cs"};

	(void)state;
	assert_int_equal(nearest_distance("cylces", "cycles"), 1);
	assert_int_equal(nearest_distance("", "abc"), 3);
	assert_int_equal(nearest_distance("kitten", "sitting"), 3);
	assert_int_equal(nearest_distance("CYCLES", "cycles"), 0);
	assert_string_equal(nearest_word("cylces", words, 3), "cycles");
	assert_string_equal(nearest_word("cpuclock", words, 3), "cpu-clock");
	assert_null(nearest_word("zebra", words, 3));
	assert_null(nearest_word("", words, 3));
}

static void test_numbers(void **state)
{
	static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "1x", "x", "0x10"};
	uint64_t value = 7;

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(number_decimal(bad[i], &value), -EINVAL);
	assert_int_equal(number_decimal("18446744073709551616", &value), -ERANGE);
	assert_int_equal(value, 7);
	assert_int_equal(number_any("0x3C", &value), 0);
	assert_int_equal(value, 0x3c);
	assert_int_equal(number_any("0x0x3", &value), -EINVAL);
	assert_int_equal(number_any("0x", &value), -EINVAL);
	assert_int_equal(number_scaled("64M", 1024, &value), 0);
	assert_int_equal(value, 64 << 20);
	assert_int_equal(number_scaled("3k", 1000, &value), 0);
	assert_int_equal(value, 3000);
	assert_int_equal(number_scaled("1kk", 1000, &value), -EINVAL);
	assert_int_equal(number_scaled("99999999999t", 1024, &value), -ERANGE);
	assert_int_equal(number_fraction("1.5", 1000, &value), 0);
	assert_int_equal(value, 1500);
	assert_int_equal(number_fraction(".25", 1000, &value), 0);
	assert_int_equal(value, 250);
	assert_int_equal(number_fraction("0.00019", 1000, &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(number_fraction("1.", 1000, &value), -EINVAL);
	assert_int_equal(number_fraction("1e3", 1000, &value), -EINVAL);
	assert_int_equal(number_fraction("inf", 1000, &value), -EINVAL);
}

static void test_cpu_lists(void **state)
{
	static const char *const bad[] = {"", ",", "1,", "3-1", "a", "1-", "-1", "1 2", "0x1"};
	struct cpu_mask mask = {{0}};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(cpu_mask_parse(&mask, bad[i]), -EINVAL);
	assert_int_equal(cpu_mask_parse(&mask, "0-99999"), -ERANGE);
	assert_int_equal(cpu_mask_count(&mask), 0);
	assert_int_equal(cpu_mask_parse(&mask, "0-3,7,64-65"), 0);
	assert_int_equal(cpu_mask_count(&mask), 7);
	assert_true(cpu_mask_has(&mask, 7) && cpu_mask_has(&mask, 65));
	assert_false(cpu_mask_has(&mask, 4) || cpu_mask_has(&mask, CPU_MASK_CPUS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_help_wins),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_cpu_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
