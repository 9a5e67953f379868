/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The summary that ends every recording and heads every format that can hold it (CLI.md,
 * "Summary"): labelled lines of clean UTF-8. A figure that is not known is left out, never written
 * as 0.
 */
#ifndef PROFOUND_SUMMARY_H
#define PROFOUND_SUMMARY_H

#include <stdbool.h>
#include <stdio.h>

#include "profile/profile.h"
#include "profile/trust.h"

#define SUMMARY_LINES 14

struct summary_line {
	const char *label; /* "" on a line that goes on with the label above */
	char *text;
};

struct summary {
	struct summary_line lines[SUMMARY_LINES];
	unsigned count;
	bool failed; /* out of memory */
};

/* `profile` says what was counted, where that is something else than samples; NULL: samples. 0; or -ENOMEM and *summary
 * empty. */
int summary_init(struct summary *summary, const struct trust *trust, const struct profile *profile);
void summary_release(struct summary *summary);

void summary_print(const struct summary *summary, FILE *stream);
/* The line "wrote", once for each output. */
void summary_print_wrote(const char *path, FILE *stream);
/* The line "sent", once for each receiver. */
void summary_print_sent(uint64_t samples, unsigned requests, const char *url, FILE *stream);

#endif
