/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was asked of `profound record`. Strings are borrowed from argv. Only what the arguments
 * alone show is checked here; the machine is asked by event_spec.h, selection.h and probe.h.
 */
#ifndef PROFOUND_RECORD_OPTIONS_H
#define PROFOUND_RECORD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "cmd/output_options.h"
#include "collect/selection.h"

struct record_options {
	bool help; /* --help was given: nothing else is set or checked */
	bool all_cpus;
	struct selection_request selection;
	char **command; /* NULL: none */

	uint32_t frequency_hz; /* 0: by count */
	uint64_t count;        /* 0: by frequency */
	const char *event;     /* NULL: none was asked for */
	uint64_t duration_ns;  /* 0: until Ctrl-C or the end of the command */
	bool user_only, kernel_only;

	struct output_options outputs; /* none: the page with the default name */
	bool no_demangle, no_inline, lines, debuginfod, idle, pids, tids, quiet, verbose, ignore_kernel_bugs;
	uint64_t memory_bytes;
	double min_quality; /* percent; 0: none */
};

/* 0; -EINVAL with a fault that names what is wrong and hints at what would be right. */
int record_options_parse(
	struct record_options *options, int argc, char **argv, struct fault *fault);

/* Only the command and its descendants are sampled; -a, -p and -t make the command a mere clock, as
 * in perf. */
bool record_options_follow_command(const struct record_options *options);

#endif
