/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile by function, thread, process, container or file: how much each used itself, and how much all that ran
 * below it did. A sample counts once in its total, however often the stack holds it.
 */
#ifndef PROFOUND_RANKING_H
#define PROFOUND_RANKING_H

#include <stdint.h>

#include "profile/profile.h"
#include "report/labels.h"
#include "report/pattern.h"

struct ranking_row {
	const char *name; /* of the labels */
	uint64_t self, total;
};

struct ranking {
	struct ranking_row *rows; /* most self first, then most total, then by name */
	uint32_t count;
	uint64_t self; /* of all rows: each sample belongs to one of them */
};

/* Rows that have samples and whose name the pattern matches (NULL: all). Borrows the labels. 0 or -ENOMEM. */
int ranking_init(struct ranking *ranking, struct labels *labels, const struct pattern *filter);
void ranking_release(struct ranking *ranking);

#endif
