/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a command's profile goes: what its -o and --stats name, files and receivers. All are checked before the work
 * starts; each file is written whole or not at all; files first, since receivers take their time.
 */
#ifndef PROFOUND_DESTINATIONS_H
#define PROFOUND_DESTINATIONS_H

#include <stdbool.h>

#include "base/fault.h"
#include "cmd/output_options.h"
#include "cmd/remote.h"
#include "export/exporter.h"
#include "export/output.h"

struct destination {
	struct output file;
	const struct exporter *exporter;
};

struct destinations {
	const char *command; /* whose messages these are: "record" */
	struct destination each[OUTPUTS_MAX];
	unsigned n;
	struct remote remotes[OUTPUTS_MAX];
	unsigned n_remotes;
	bool keep_unsent; /* a profile that cannot be sent is written beside: there is no other copy of it */
	struct output stats;
	bool with_stats;
};

/* 0 or a negative errno with the fault filled, and nothing held. `command` is borrowed. */
int destinations_prepare(struct destinations *destinations, const char *command,
	const struct output_options *options, struct fault *fault);
/* Adds the flame graph page with the default name. 0 or a negative errno with the fault filled. */
int destinations_add_page(struct destinations *destinations, struct fault *fault);

/* Does one of them carry resources (exporter.h)? */
bool destinations_carry_resources(const struct destinations *destinations);

/*
 * Writes and sends all; one that fails is discarded and reported on stderr, the others are written all the same. 0, or
 * the first error. With `say`, a line for each.
 */
int destinations_write(struct destinations *destinations, const struct export_view *view, bool say);

/* From now on the next SIGINT but one ends the program at once, with EXIT_GAVE_UP and without a trace of a file; the
 * next one when it is the `second`. The one before that ends sending, as SIGTERM and SIGHUP do where they are blocked. */
void destinations_give_up_on_interrupt(struct destinations *destinations, bool second);

void destinations_release(struct destinations *destinations);

#endif
