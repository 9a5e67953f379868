/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the rows of a table are called, and to which of them a sample belongs: to one by itself (its innermost function,
 * or its thread, process, container), and to those of all functions of its stack.
 *
 * FUNCTION: as folded lines have them (export/frame_label.h), and the cause of a cut stack as its outermost
 * function. FILE: the source file; where it is not known the mapped one in brackets, [libc.so.6], [kernel], [jit].
 * COMM: thread name. PROCESS: process.executable.name, else the program's name, else service.name, else the thread's.
 * CONTAINER: the first 12 digits of its id, else "pod UID", else "-". A sample without a frame: "(no frame)".
 */
#ifndef PROFOUND_LABELS_H
#define PROFOUND_LABELS_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/profile.h"
#include "profile/trust.h"
#include "report/pattern.h"

enum labels_by { LABELS_FUNCTION, LABELS_COMM, LABELS_PROCESS, LABELS_CONTAINER, LABELS_FILE, LABELS_KINDS };

struct labels_run {
	uint32_t first, count; /* in labels.ids */
};

struct labels {
	const struct profile *profile;
	enum labels_by by;
	struct intern names;       /* of clean text: a label is an id of these */
	struct labels_run *frames; /* by frame: labels of its lines, innermost first */
	uint32_t *ids;
	uint32_t n_ids, ids_cap;
	uint32_t *of_comm;         /* by text id: label + 1; 0: not made */
	uint32_t *of_process;      /* by process: label + 1; 0: that of the comm */
	uint32_t no_frame, cut[COUNTERS];
	uint32_t *of_sample;       /* what labels_of() hands out */
};

/* "function", ... */
const char *labels_by_name(enum labels_by by);

/* Of a profile that stays as it is. `lines`: functions with their source lines. 0; or -ENOMEM and *labels zeroed. */
int labels_init(struct labels *labels, const struct profile *profile, enum labels_by by, bool lines);
void labels_release(struct labels *labels);

/* Labels of a sample, innermost first, never none; one may come more than once. Good until the next call. */
const uint32_t *labels_of(struct labels *labels, const struct profile_sample *sample, uint32_t *count);
const char *labels_name(const struct labels *labels, uint32_t label);

/* By label: whether the pattern matches it. *matches is the caller's. 0 or -ENOMEM. */
int labels_match(const struct labels *labels, const struct pattern *pattern, bool **matches);

#endif
