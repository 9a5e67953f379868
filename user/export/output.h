/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a profile is written: whole files or nothing. A regular file is written beside its final
 * place and renamed over it when it is complete and on the disk, so a full disk, a signal or a
 * crash leaves what was there before. An existing path that is no regular file (FIFO, device,
 * /dev/stdout, /dev/fd/N) is written into. A symbolic link to a regular file is followed and its
 * target replaced. "-" is standard output.
 *
 * New files have mode 0644 less the umask, and belong to SUDO_UID:SUDO_GID when root runs under
 * sudo (not on file systems that refuse it).
 *
 *   output_prepare() before sampling; output_open(); write to `stream`; output_commit() or
 * output_discard()
 *
 * Between prepare and open nothing is on the disk. Between open and commit there is an unnamed file
 * (O_TMPFILE), or on file systems without them a hidden name in the same directory that discard
 * takes away.
 */
#ifndef PROFOUND_OUTPUT_H
#define PROFOUND_OUTPUT_H

#include <stdio.h>
#include <time.h>

#include "base/fault.h"

enum output_kind { OUTPUT_FILE, OUTPUT_EXISTING, OUTPUT_DESCRIPTOR };

struct output {
	enum output_kind kind;
	char *path;      /* as it was given: for people */
	char *target;    /* FILE: links followed */
	char *temporary; /* FILE: hidden name while it is there, else NULL */
	int descriptor;  /* DESCRIPTOR: the number that was named */
	FILE *stream;    /* open between output_open and commit or discard */
	int fd;          /* the stream's */
	int error;       /* negative errno of the stream's first write that failed; 0: none did */
};

/*
 * Checks that the path can be written and leaves no trace. 0; or a negative errno with a fault that
 * names the path, the reason and what to do, and *output zeroed.
 */
int output_prepare(struct output *output, const char *path, struct fault *fault);

/* Opens output->stream. Blocks on a FIFO until someone reads it. 0 or a negative errno with the
 * fault filled. */
int output_open(struct output *output, struct fault *fault);

/*
 * Flushes, syncs, closes and renames, then releases. 0; or a negative errno (also of an earlier
 * write to the stream) with the fault filled: then no part of the file remains and an older file is
 * as it was.
 */
int output_commit(struct output *output, struct fault *fault);

/* Gives up: closes, removes what was written of a file, releases. Fine in every state, and for
 * NULL. */
void output_discard(struct output *output);

/* profound-HOST-YYYYmmddTHHMMSS and the extension, in local time; the host's bytes outside [A-Za-z0-9.-] become '_'. */
void output_default_name(char name[128], const char *host, time_t now, const char *extension);

#endif
