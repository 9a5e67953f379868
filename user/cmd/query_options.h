/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of `profound query`. Strings are borrowed from argv. */
#ifndef PROFOUND_QUERY_OPTIONS_H
#define PROFOUND_QUERY_OPTIONS_H

#include <stdint.h>

#include "base/fault.h"
#include "cmd/report_options.h"
#include "collect/selection.h"

struct query_options {
	struct report_options report; /* first: its setters take the whole for it */
	const char *store;
	int64_t since_ns, until_ns; /* wall clock */
	struct selection_request selection; /* comms and containers */
	struct selection_words units; /* with or without .service */
};

/* 0, and *options is to be released; or a negative errno with the fault filled: -EINVAL, -ENOMEM. */
int query_options_parse(struct query_options *options, int argc, char **argv, struct fault *fault);
void query_options_release(struct query_options *options);

/*
 * A point in time: a length of time before now (10m, 2h), "now", or a date 2026-11-25 with or without a time 14:30 or 14:30:05
 * behind a space or a T, local time, or UTC with a Z at the end. 0 or -EINVAL.
 */
int query_time_parse(const char *text, int64_t now_ns, int64_t *ns);

#endif
