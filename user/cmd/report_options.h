/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of `profound report`. Strings are borrowed from argv. */
#ifndef PROFOUND_REPORT_OPTIONS_H
#define PROFOUND_REPORT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "cmd/output_options.h"
#include "report/labels.h"
#include "report/pattern.h"

struct report_options {
	const char **files; /* "-": standard input */
	unsigned n_files;
	enum labels_by by;
	uint32_t limit; /* 0: all rows */
	struct pattern filter, focus, hide;
	const char *type;
	struct output_options outputs;
	bool lines, quiet, help;
};

/* For the table of a command whose options begin with a struct report_options. */
#define REPORT_SETTER(name) int report_set_##name(void *into, const char *value, struct fault *fault)

REPORT_SETTER(by);
REPORT_SETTER(limit);
REPORT_SETTER(filter);
REPORT_SETTER(focus);
REPORT_SETTER(hide);
REPORT_SETTER(lines);
REPORT_SETTER(output);
REPORT_SETTER(format);
REPORT_SETTER(stats);
REPORT_SETTER(quiet);

#define REPORT_ROWS                                                                                                \
	{"table", 0, "by", "ROWS", "function (default), comm, process, container or file", report_set_by},         \
	{"table", 0, "limit", "N", "rows, the rest as one (default 30; 0: all)", report_set_limit},                \
	{"table", 0, "filter", "RE", "rows whose name matches; -o: samples of such rows", report_set_filter},      \
	{"stacks", 0, "focus", "RE", "those with a function that matches", report_set_focus},                      \
	{"stacks", 0, "hide", "RE", "without the functions that match", report_set_hide},                          \
	{"stacks", 0, "lines", NULL, "functions end in (FILE:LINE)", report_set_lines},                            \
	{"output", 'o', "output", "FILE|URL", "convert or send instead, as record's -o; repeatable",               \
		report_set_output},                                                                                \
	{"output", 0, "format", "NAME", "of the -o before it, instead of its extension", report_set_format},       \
	{"output", 0, "stats", "FILE", "figures about the profile as JSON", report_set_stats},                     \
	{"output", 'q', "quiet", NULL, "the table alone; nothing about written files", report_set_quiet},

/* 0, and *options is to be released; or a negative errno with the fault filled: -EINVAL, -ENOMEM. */
int report_options_parse(struct report_options *options, int argc, char **argv, struct fault *fault);
void report_options_release(struct report_options *options);

#endif
