// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/report_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/number.h"
#include "cmd/cmd.h"
#include "cmd/option.h"

#define DEFAULT_LIMIT 30

static int take_file(void *into, const char *value, struct fault *fault)
{
	struct report_options *options = into;

	if (!*value)
		return fault_set(fault, -EINVAL, "an empty file name");
	options->files[options->n_files++] = value;
	return 0;
}

int report_set_by(void *into, const char *value, struct fault *fault)
{
	const char *names[LABELS_KINDS];
	char hint[64];

	for (int i = 0; i < LABELS_KINDS; i++) {
		names[i] = labels_by_name(i);
		if (strcmp(value, names[i]))
			continue;
		((struct report_options *)into)->by = i;
		return 0;
	}
	nearest_hint(hint, sizeof(hint), "", nearest_word(value, names, LABELS_KINDS));
	return fault_set(fault, -EINVAL, "unknown rows '%s'%s", value,
		*hint ? hint : "; there are function, comm, process, container, file");
}

int report_set_limit(void *into, const char *value, struct fault *fault)
{
	uint64_t limit;

	if (number_decimal(value, &limit) || limit > UINT32_MAX)
		return fault_set(fault, -EINVAL, "'%s' is no number of rows: a whole number, 0 for all", value);
	((struct report_options *)into)->limit = (uint32_t)limit;
	return 0;
}

static int set_pattern(struct pattern *pattern, const char *value, struct fault *fault)
{
	if (pattern->text)
		return fault_set(fault, -EINVAL, "'%s' is a second one after '%s': write one as A|B", value,
			pattern->text);
	return pattern_init(pattern, value, fault);
}

int report_set_filter(void *into, const char *value, struct fault *fault)
{
	return set_pattern(&((struct report_options *)into)->filter, value, fault);
}

int report_set_focus(void *into, const char *value, struct fault *fault)
{
	return set_pattern(&((struct report_options *)into)->focus, value, fault);
}

int report_set_hide(void *into, const char *value, struct fault *fault)
{
	return set_pattern(&((struct report_options *)into)->hide, value, fault);
}

static int set_type(void *into, const char *value, struct fault *fault)
{
	if (!*value)
		return fault_set(fault, -EINVAL, "an empty name");
	((struct report_options *)into)->type = value;
	return 0;
}

int report_set_lines(void *into, const char *value, struct fault *fault)
{
	(void)value, (void)fault;
	((struct report_options *)into)->lines = true;
	return 0;
}

int report_set_quiet(void *into, const char *value, struct fault *fault)
{
	(void)value, (void)fault;
	((struct report_options *)into)->quiet = true;
	return 0;
}

int report_set_output(void *into, const char *value, struct fault *fault)
{
	return output_options_add(&((struct report_options *)into)->outputs, value, fault);
}

int report_set_format(void *into, const char *value, struct fault *fault)
{
	return output_options_set_format(&((struct report_options *)into)->outputs, value, fault);
}

int report_set_stats(void *into, const char *value, struct fault *fault)
{
	return output_options_set_stats(&((struct report_options *)into)->outputs, value, fault);
}

static const struct option_spec report_option_table[] = {
	{"input", 0, "type", "NAME", "what to read of a file that counts several things", set_type},

	REPORT_ROWS
};

static const char *const report_examples[] = {
	"profound report web.otlp                      what used the CPU, by function",
	"profound report --by container *.otlp         of several recordings in one",
	"profound report --focus '^parse' web.folded   only where parse... is on the stack",
	"profound report heap.pb.gz --type inuse_space --hide '^runtime\\.'",
	"profound report web.pb.gz -o web.html         a flame graph of somebody else's pprof",
	NULL,
};

static const char *const report_notes[] = {
	"FILE: OTLP, pprof or folded lines, also packed by gzip; - is standard input.",
	"The table ranks by self; total counts a sample once, however often its stack holds",
	"the function. A sample belongs to the row of its innermost function. Shares are",
	"of all samples read. RE is POSIX extended, on names as folded lines have them.",
	NULL,
};

const struct command_spec report_command = {
	.name = "report",
	.synopsis = "FILE... [table] [stacks] [output]",
	.summary = "read profiles: print what used most, or convert them",
	.options = report_option_table,
	.n_options = sizeof(report_option_table) / sizeof(*report_option_table),
	.argument = take_file,
	.examples = report_examples,
	.notes = report_notes,
	.run = cmd_report,
};

void report_options_release(struct report_options *options)
{
	pattern_release(&options->filter);
	pattern_release(&options->focus);
	pattern_release(&options->hide);
	free(options->files);
	*options = (struct report_options){0};
}

static int check(struct report_options *options, struct fault *fault)
{
	if (!options->n_files)
		return fault_set(fault, -EINVAL, "no file to read: profound report FILE...; see profound report --help");
	return output_options_finish(&options->outputs, fault);
}

int report_options_parse(struct report_options *options, int argc, char **argv, struct fault *fault)
{
	struct report_options parsed = {.limit = DEFAULT_LIMIT, .files = calloc((size_t)argc + 1, sizeof(*parsed.files))};
	struct option_result result;
	int err;

	if (!parsed.files)
		return fault_set(fault, -ENOMEM, "no memory");
	err = option_parse(&report_command, argc, argv, &parsed, &result, fault);
	if (!err)
		parsed.help = result.help;
	if (!err && !parsed.help)
		err = check(&parsed, fault);
	if (err)
		report_options_release(&parsed);
	else
		*options = parsed;
	return err;
}
