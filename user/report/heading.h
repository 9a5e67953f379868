/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands above a table: which profile it is, how far to trust it, how much of it is shown. Lines "# LABEL  TEXT",
 * ASCII but for names; a figure that is not known is left out.
 */
#ifndef PROFOUND_HEADING_H
#define PROFOUND_HEADING_H

#include <stdint.h>
#include <stdio.h>

#include "profile/profile.h"
#include "profile/trust.h"

struct heading {
	const char *const *files;
	unsigned n_files;
	const struct profile *profile;
	const struct trust *trust; /* of all of it */
	uint64_t whole, kept;      /* samples read, and those that the table is about */
	const char *focus, *hide, *filter; /* as they were asked for; NULL: not */
};

/* 0 or -ENOMEM. */
int heading_print(const struct heading *heading, FILE *out);

#endif
