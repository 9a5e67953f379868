// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cmd/report_options.h"

static struct report_options options;
static struct fault fault;

#define PARSE(...) parse((char *[]){"report", ##__VA_ARGS__, NULL})

static int parse(char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	report_options_release(&options);
	return report_options_parse(&options, argc, argv, &fault);
}

static void defaults(void **state)
{
	(void)state;
	assert_int_equal(PARSE("a.folded"), 0);
	assert_int_equal(options.n_files, 1);
	assert_string_equal(options.files[0], "a.folded");
	assert_int_equal(options.by, LABELS_FUNCTION);
	assert_int_equal(options.limit, 30);
	assert_null(options.filter.text);
	assert_null(options.type);
	assert_int_equal(options.outputs.n, 0);
	assert_false(options.lines || options.quiet || options.help);
}

static void all_of_them(void **state)
{
	(void)state;
	assert_int_equal(PARSE("a", "--by", "file", "--limit=0", "-", "--filter", "f", "--focus", "g", "--hide", "h", "--type",
		"cpu", "--lines", "-q", "-o", "x.folded", "-o", "y", "--format", "html", "--stats", "s.json", "--", "-b"), 0);
	assert_int_equal(options.n_files, 3);
	assert_string_equal(options.files[1], "-");
	assert_string_equal(options.files[2], "-b");
	assert_int_equal(options.by, LABELS_FILE);
	assert_int_equal(options.limit, 0);
	assert_string_equal(options.filter.text, "f");
	assert_string_equal(options.focus.text, "g");
	assert_string_equal(options.hide.text, "h");
	assert_string_equal(options.type, "cpu");
	assert_int_equal(options.outputs.n, 2);
	assert_string_equal(options.outputs.each[1].exporter->name, "html");
	assert_string_equal(options.outputs.stats, "s.json");
	assert_true(options.lines && options.quiet);
}

static void help_needs_no_file(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--help"), 0);
	assert_true(options.help);
}

#define REFUSED(says, ...)                                             \
	do {                                                           \
		assert_int_equal(PARSE(__VA_ARGS__), -EINVAL);         \
		if (!strstr(fault.text, says))                         \
			fail_msg("%s: not '%s'", fault.text, says);    \
		assert_int_equal(options.n_files, 0);                  \
	} while (0)

static void refusals(void **state)
{
	(void)state;
	REFUSED("profound report FILE");
	REFUSED("profound report FILE", "--by", "comm");
	REFUSED("an empty file name", "");
	REFUSED("did you mean container?", "a", "--by", "contaner");
	REFUSED("function, comm, process, container, file", "a", "--by", "x");
	REFUSED("'-1'", "a", "--limit", "-1");
	REFUSED("'4294967296'", "a", "--limit", "4294967296");
	REFUSED("--focus: '('", "a", "--focus", "(");
	REFUSED("--hide: '[a'", "a", "--hide", "[a");
	REFUSED("--filter: ''", "a", "--filter", "");
	REFUSED("second", "a", "--filter", "x", "--filter", "y");
	REFUSED("an empty name", "a", "--type", "");
	REFUSED("did you mean .html?", "a", "-o", "x.htm");
	REFUSED("did you mean --focus?", "a", "--fokus", "x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(all_of_them),
		cmocka_unit_test(help_needs_no_file),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
