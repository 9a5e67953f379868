/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that a recording writes: profiles and statistics. All are checked before sampling starts, and each is
 * written whole or not at all.
 */
#ifndef PROFOUND_RECORD_FILES_H
#define PROFOUND_RECORD_FILES_H

#include "base/fault.h"
#include "cmd/record_options.h"
#include "export/output.h"
#include "profile/profile.h"
#include "profile/trust.h"

struct record_files {
	struct output outputs[RECORD_OUTPUTS];
	const struct exporter *exporters[RECORD_OUTPUTS];
	unsigned n;
	struct output stats;
	bool with_stats;
};

/* 0 or a negative errno with the fault filled, and nothing held. */
int record_files_prepare(
	struct record_files *files, const struct record_options *options, struct fault *fault);

/*
 * Writes all; one that fails is discarded and reported on stderr, the others are written all the same. 0, or the
 * first error. With `say`, a line for each file written.
 */
int record_files_write(struct record_files *files, const struct export_view *view, bool say);

/* From now on the next SIGINT but one ends the program at once, with EXIT_GAVE_UP and without a trace of a file; the
 * next one when it is the `second`. */
void record_files_give_up_on_interrupt(struct record_files *files, bool second);

void record_files_release(struct record_files *files);

#endif
