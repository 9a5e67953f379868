/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `report` and `query` do with a profile that was read: a table on standard output, or files and receivers. */
#ifndef PROFOUND_REPORTING_H
#define PROFOUND_REPORTING_H

#include <stdint.h>

#include "base/fault.h"
#include "cmd/destinations.h"
#include "cmd/report_options.h"
#include "import/import.h"

struct reporting {
	const char *command;                  /* whose messages these are */
	const struct report_options *options; /* borrowed; files: what the heading calls the profile */
	/* Reads everything into the import. 0, or a negative errno with the fault filled. */
	int (*read)(void *context, struct import *import, struct fault *fault);
	/* Leaves what was asked for of it; NULL: all. The same. */
	int (*select)(void *context, struct import *import, struct fault *fault);
	void *context;
	struct destinations destinations;
	struct import import;
	uint64_t whole; /* samples read */
};

/* 0; or a negative errno, with an empty fault where it was said what went wrong. */
int reporting_run(struct reporting *reporting, struct fault *fault);
/* The exit status of its command, and what went wrong on stderr; releases all but the options. */
int reporting_end(struct reporting *reporting, int err, const struct fault *fault);

#endif
