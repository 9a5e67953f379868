/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile in memory: distinct stacks with counts, interned. Filled by collect (addresses resolved to places),
 * named by symbolize, read by the exporters.
 *
 * Shapes: a stack is an array of frame ids, innermost first, kernel frames before user frames.
 */
#ifndef PROFOUND_PROFILE_H
#define PROFOUND_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/intern.h"
#include "profile/frame.h"
#include "profile/who.h"

enum sample_flags {
	SAMPLE_UNVERIFIED = 1, /* frames found by frame pointer in code not known to keep them, or an interpreter's that do not
				* pair with native ones */
	SAMPLE_NO_USER = 2,    /* no user context: kernel thread, exec, exit */
};

struct profile_sample { /* interned by its bytes: no padding */
	uint32_t process; /* index into profile.processes */
	uint32_t comm;    /* text id: thread name */
	uint32_t stack;   /* id in profile.stacks */
	uint16_t cut;     /* enum abi_counter of class CUT; 0: not cut */
	uint16_t flags;   /* enum sample_flags */
	uint32_t tid;     /* thread id in profound's pid namespace; 0: not asked for, or not known */
};

_Static_assert(sizeof(struct profile_sample) == 20, "profile_sample");

/* A function that an interpreter runs. Interned by its bytes: no padding. Text ids; that of "": not known. */
struct profile_function {
	uint32_t name; /* qualified where the runtime has that */
	uint32_t file; /* path of its source */
	uint32_t first_line; /* 0: not known */
	uint32_t type; /* enum frame_type */
};

_Static_assert(sizeof(struct profile_function) == 16, "profile_function");

struct profile_span { /* when a frame of code made at run time was sampled: that code changes */
	uint32_t frame;
	uint64_t first_ns, last_ns; /* CLOCK_MONOTONIC */
};

/* What a sample counts. Text ids: "samples" and "count" once each; a period of 0 has no type. */
struct profile_value {
	uint32_t type, unit;
	uint32_t period_type, period_unit;
	uint64_t period;
};

struct profile {
	struct intern text;
	struct intern frames;    /* of struct frame */
	struct intern functions; /* of struct profile_function */
	struct intern stacks;    /* of uint32_t[] */
	struct intern samples;   /* of struct profile_sample */
	struct intern processes; /* of struct profile_process */
	struct intern resources; /* of struct profile_attribute[] */
	struct intern mappings;  /* of struct profile_mapping */
	struct profile_value value;
	uint64_t recording;    /* random, the same in all that is made of one recording; 0: none was made */
	int64_t start_unix_ns; /* 0: not known */
	int64_t duration_ns;   /* 0: not known */
	struct profile_who *who; /* one a process */
	uint32_t who_cap;
	uint64_t *counts;        /* one a sample key */
	uint32_t counts_cap;
	struct frame_names *names; /* one a frame; NULL before symbolize */
	uint32_t names_cap;
	struct profile_line *lines;
	uint32_t n_lines, lines_cap;
	struct profile_span *spans; /* sorted by frame */
	uint32_t n_spans, spans_cap;
};

/* A zeroed struct is an empty profile. */
void profile_release(struct profile *profile);

/* Adds `count` samples of a stack (frame ids as above). 0 or -ENOMEM, and then nothing was added. */
int profile_add(struct profile *profile, const struct profile_sample *key, uint64_t count);
/* The id of a process; nothing is known of who it is when it is new. 0 or -ENOMEM. */
int profile_process(struct profile *profile, const struct profile_process *process, uint32_t *id);
int profile_frame(struct profile *profile, const struct frame *frame, uint32_t *id);
/* *id may be 0. 0 or -ENOMEM. */
int profile_function(struct profile *profile, const struct profile_function *function, uint32_t *id);
int profile_stack(struct profile *profile, const uint32_t *frames, uint32_t count, uint32_t *id);

/* Notes that a frame was sampled in [first_ns, last_ns]. 0 or -ENOMEM. */
int profile_seen(struct profile *profile, uint32_t frame, uint64_t first_ns, uint64_t last_ns);

/* Makes room for names of all frames; each starts with no line. Called when no frame comes any more. 0 or -ENOMEM. */
int profile_begin_names(struct profile *profile);
/* Makes room for those of the frames that came since. 0 or -ENOMEM. */
int profile_grow_names(struct profile *profile);
/* Appends a line to the frame that is being named (a frame's lines are appended in one go). 0; -ENOMEM;
 * -E2BIG past 65,535 lines of one frame. */
int profile_name(struct profile *profile, uint32_t frame, const struct profile_name *name);

/* The same with texts that are interned. */
int profile_name_line(struct profile *profile, uint32_t frame, const struct profile_line *line);

/* *id is never 0. 0 or -ENOMEM. */
int profile_mapping(struct profile *profile, const struct profile_mapping *mapping, uint32_t *id);
/* Gives it the id of a recording, where it has none: before what is made of it is written. Without random bytes there
 * is none. */
void profile_make_recording(struct profile *profile);
/* What a sample counts: names, NULL for a period of 0. 0 or -ENOMEM. */
int profile_set_value(struct profile *profile, const char *type, const char *unit,
	const char *period_type, const char *period_unit, uint64_t period);

/* Readers. Pointers are good until the next addition. */
const struct frame *profile_get_frame(const struct profile *profile, uint32_t id);
const struct profile_function *profile_get_function(const struct profile *profile, uint32_t id);
static inline const uint32_t *profile_get_stack(const struct profile *profile, uint32_t id, uint32_t *count)
{
	size_t len;
	const uint32_t *frames = intern_get(&profile->stacks, id, &len);

	*count = (uint32_t)(len / sizeof(*frames));
	return frames;
}

static inline const struct profile_sample *profile_get_sample(const struct profile *profile, uint32_t i)
{
	return intern_get(&profile->samples, i, NULL);
}

const char *profile_text(const struct profile *profile, uint32_t id);
/* The functions of a frame, innermost first: *count is 0 before it is named. */
const struct profile_line *profile_get_lines(const struct profile *profile, uint32_t frame,
	uint32_t *count);
/* NULL for 0. */
const struct profile_mapping *profile_get_mapping(const struct profile *profile, uint32_t id);
/* Of a process: sorted by key; *count is 0 before profile_resources_make(). */
const struct profile_attribute *profile_get_resource(const struct profile *profile, uint32_t process,
	uint32_t *count);
/* NULL: nobody noted it. */
const struct profile_span *profile_get_span(const struct profile *profile, uint32_t frame);
uint64_t profile_total(const struct profile *profile);
/* Whether anyone has said what a sample counts. */
bool profile_has_value(const struct profile *profile);
/* Or nobody has said. Not bytes, nanoseconds, objects, as profiles of others may. */
bool profile_counts_samples(const struct profile *profile);

#endif
