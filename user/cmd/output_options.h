/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options that say where a profile goes: -o, --format and --stats, for every command that has them. A command's
 * option table calls these from its own setters. Strings are borrowed from argv. Only what the arguments alone show is
 * checked here; destinations.h asks the machine.
 */
#ifndef PROFOUND_OUTPUT_OPTIONS_H
#define PROFOUND_OUTPUT_OPTIONS_H

#include "base/fault.h"
#include "export/exporter.h"

#define OUTPUTS_MAX 16

struct output_option {
	const char *path;   /* "-": standard output; or what endpoint_is_one() */
	const char *format; /* as given by --format, or NULL */
	const struct exporter *exporter; /* NULL: it is sent */
};

struct output_options { /* a zeroed struct is: none */
	struct output_option each[OUTPUTS_MAX];
	unsigned n;
	const char *stats; /* NULL: none */
};

/* What an option's setter is to do. 0; -EINVAL with the fault filled. */
int output_options_add(struct output_options *options, const char *path, struct fault *fault);
int output_options_set_format(struct output_options *options, const char *format, struct fault *fault);
int output_options_set_stats(struct output_options *options, const char *path, struct fault *fault);

/* When all options are read: chooses the exporters. 0; -EINVAL with a fault that hints at what would be right. */
int output_options_finish(struct output_options *options, struct fault *fault);

#endif
