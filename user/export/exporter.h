/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output formats: one table line and one file each. An exporter writes a symbolized profile to a stream and has no
 * opinion about files; output.h opens, renames and owns them.
 */
#ifndef PROFOUND_EXPORTER_H
#define PROFOUND_EXPORTER_H

#include <stdbool.h>
#include <stdio.h>

#include "profile/profile.h"
#include "profile/trust.h"

struct export_view { /* what is exported, and how it is shown */
	const struct profile *profile;
	const struct trust *trust;
	bool lines; /* the source line is part of a frame's name, in formats that have no other place for it */
};

struct exporter {
	const char *name;
	const char *extensions; /* space separated, with their dots: ".folded .txt" */
	const char *help;
	/* 0 or a negative errno. Errors of the stream are left in it (ferror). */
	int (*write)(const struct export_view *view, FILE *stream);
	/* It carries resources and all build ids: what costs to find out of them is found out for such a one alone. */
	bool resources;
};

extern const struct exporter exporters[];
extern const unsigned n_exporters;

/* NULL: none. */
const struct exporter *exporter_by_name(const char *name);
const struct exporter *exporter_by_path(const char *path);

int folded_write(const struct export_view *view, FILE *stream);
int flamegraph_write(const struct export_view *view, FILE *stream);

#endif
