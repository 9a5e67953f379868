/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile in memory: distinct stacks with counts, interned. Filled by collect (addresses resolved to places),
 * named by symbolize, read by the exporters.
 *
 * Shapes: a stack is an array of frame ids, innermost first, kernel frames before user frames. A frame's address
 * is what to look up: an interrupted PC as it is, a return address less one.
 */
#ifndef PROFOUND_PROFILE_H
#define PROFOUND_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/intern.h"

enum frame_kind {
	FRAME_KERNEL = 1, /* address: kernel virtual */
	FRAME_FILE,       /* owner: object id; address: offset in the file */
	FRAME_ANON,       /* owner: process id; address: virtual: code made at run time */
	FRAME_UNKNOWN,    /* owner: enum abi_counter of class FRAME that says why it has no name; address 0 */
};

struct frame {
	uint32_t kind;
	uint32_t owner;
	uint64_t address;
};

enum sample_flags {
	SAMPLE_UNVERIFIED = 1, /* frames found by frame pointer in code not known to keep them */
	SAMPLE_NO_USER = 2,    /* no user context: kernel thread, exec, exit */
};

struct profile_sample { /* interned by its bytes: no padding */
	uint32_t process; /* index into profile.processes */
	uint32_t comm;    /* text id: thread name */
	uint32_t stack;   /* id in profile.stacks */
	uint16_t cut;     /* enum abi_counter of class CUT; 0: not cut */
	uint16_t flags;   /* enum sample_flags */
};

_Static_assert(sizeof(struct profile_sample) == 16, "profile_sample");

struct profile_span { /* when a frame of code made at run time was sampled: that code changes */
	uint32_t frame;
	uint64_t first_ns, last_ns; /* CLOCK_MONOTONIC */
};

struct profile_process { /* interned by its bytes: no padding */
	uint32_t pid;  /* as profound's own pid namespace has it; 0: it is not in there */
	uint32_t exec; /* counts its execs, low bits: each program that it ran is one of these */
	uint64_t start_ns;
	uint64_t cgroup; /* kernfs id of its v2 cgroup, as in abi_entry: of each one that it was in */
};

_Static_assert(sizeof(struct profile_process) == 24, "profile_process");

/* Who that was: text ids; that of "": not known, or there is none. */
struct profile_who {
	uint32_t exe;       /* path of the program, in its own mount namespace */
	uint32_t cgroup;    /* path: v2's, or the one that says most */
	uint32_t container; /* id */
	uint32_t runtime;   /* docker, containerd, cri-o, podman, ecs, garden */
	uint32_t pod;       /* UID */
	uint32_t unit;      /* systemd's */
};

/* The names of a frame, innermost inlined function first; `count` is at least 1 once symbolized. */
struct frame_names {
	uint32_t first; /* index into profile.lines */
	uint16_t count;
	bool named;      /* false: the one line's text is [file+0x..], [anon], [jit], [kernel] or [unknown] */
	uint8_t why_not; /* enum abi_counter of class FRAME when not named */
};

struct profile_line {
	uint32_t function;   /* text id */
	uint32_t file;       /* text id of the source file's path; that of "": not known */
	uint32_t line;       /* 0: not known */
	uint32_t first_line; /* where the function begins; 0: not known */
};

struct profile_name { /* what a line is made of */
	const char *function;
	const char *file; /* NULL: not known */
	uint32_t line, first_line;
};

struct profile {
	struct intern text;
	struct intern frames;    /* of struct frame */
	struct intern stacks;    /* of uint32_t[] */
	struct intern samples;   /* of struct profile_sample */
	struct intern processes; /* of struct profile_process */
	struct profile_who *who; /* one a process */
	uint32_t who_cap;
	uint64_t *counts;        /* one a sample key */
	uint32_t counts_cap;
	struct frame_names *names; /* one a frame; NULL before symbolize */
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
int profile_stack(struct profile *profile, const uint32_t *frames, uint32_t count, uint32_t *id);

/* Notes that a frame was sampled in [first_ns, last_ns]. 0 or -ENOMEM. */
int profile_seen(struct profile *profile, uint32_t frame, uint64_t first_ns, uint64_t last_ns);

/* Makes room for names of all frames; each starts with no line. Called once, when no frame comes any more.
 * 0 or -ENOMEM. */
int profile_begin_names(struct profile *profile);
/* Appends a line to the frame that is being named (a frame's lines are appended in one go). 0; -ENOMEM;
 * -E2BIG past 65,535 lines of one frame. */
int profile_name(struct profile *profile, uint32_t frame, const struct profile_name *name);

/* Readers. Pointers are good until the next addition. */
const struct frame *profile_get_frame(const struct profile *profile, uint32_t id);
const uint32_t *profile_get_stack(const struct profile *profile, uint32_t id, uint32_t *count);
const struct profile_sample *profile_get_sample(const struct profile *profile, uint32_t i);
const char *profile_text(const struct profile *profile, uint32_t id);
/* The functions of a frame, innermost first: *count is 0 before it is named. */
const struct profile_line *profile_get_lines(const struct profile *profile, uint32_t frame,
	uint32_t *count);
/* NULL: nobody noted it. */
const struct profile_span *profile_get_span(const struct profile *profile, uint32_t frame);
uint64_t profile_total(const struct profile *profile);

#endif
