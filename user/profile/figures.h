/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The figures of a struct trust by their keys, which are a contract (CLI.md, "--stats"): "samples.expected",
 * "stacks.cut.corrupt", "event". One list for all that write them (--stats, OTLP's attributes, pprof's comments) and
 * for the readers that take them back.
 */
#ifndef PROFOUND_FIGURES_H
#define PROFOUND_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/trust.h"

#define FIGURE_KEY 64 /* bytes of the longest key, its NUL included */
#define FIGURE_PREFIX "profound." /* before the key in formats that hold others' keys, too */

enum figure_kind { FIGURE_INT, FIGURE_REAL, FIGURE_TEXT };

struct figure {
	const char *key;
	enum figure_kind kind;
	bool null;        /* could not be derived: no value */
	int64_t integer;  /* INT */
	double real;      /* REAL */
	const char *text; /* TEXT */
};

/* All of them in the order of --stats, nulls and counters of 0 included; frames.unnamed.{FILE} excepted. A figure is
 * good during the call. Stops at the first `take` that is not 0, and returns that. */
int figures_each(const struct trust *trust, int (*take)(void *context, const struct figure *figure), void *context);
/* The same without nulls, and without counters of 0 of other classes than LOST: for formats that travel. */
int figures_each_known(const struct trust *trust, int (*take)(void *context, const struct figure *figure),
	void *context);

/* Nothing is known; counters of other classes than LOST are 0. What was there is not released. */
void figures_forget(struct trust *trust);

/* Takes a figure back: key without the prefix, and its value as text. 0; -ENOENT: no such key; -EINVAL: no such value;
 * -ENOMEM. A trust that took one owns its texts. */
int figures_take(struct trust *trust, const char *key, const char *value);

/* Adds the figures of another recording: counts add up, peaks are the larger one, what differs is null; stacks.distinct
 * is null, since the same stack may be in both. What is null in one of both is null, but for samples.lost and notes:
 * what one recording knows that it lost stays said, whatever the other one does not know. Not what
 * trust_count_frames() derives of files and tops. 0 or -ENOMEM. */
int figures_add(struct trust *trust, const struct trust *other);

#endif
