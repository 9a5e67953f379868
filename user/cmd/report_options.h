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

/* 0, and *options is to be released; or a negative errno with the fault filled: -EINVAL, -ENOMEM. */
int report_options_parse(struct report_options *options, int argc, char **argv, struct fault *fault);
void report_options_release(struct report_options *options);

#endif
