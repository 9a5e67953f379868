/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Profiles that come back from files: OTLP, pprof, folded lines, each also packed by gzip. What a file is its content
 * says, not its name. Files add up: equal names, stacks and samples are one, and so are the figures of recordings
 * where they can be added.
 *
 * Every byte is hostile. Memory is at most a constant times what the file holds (tests/e2e/test_import_limits.py),
 * and so is the work, of whoever walks the profile's samples over all functions of their stacks as well.
 */
#ifndef PROFOUND_IMPORT_H
#define PROFOUND_IMPORT_H

#include "base/fault.h"
#include "import/assembly.h"
#include "profile/profile.h"
#include "profile/trust.h"

struct import_options {
	const char *type; /* of a file that counts several things: TYPE or TYPE/UNIT; NULL: the file's default */
};

/* A zeroed struct is empty. */
struct import {
	struct profile profile;
	struct trust trust;
	struct assembly assembly; /* of `profile` */
	unsigned files;
};

/*
 * Adds what a file holds; "-" is stdin. 0; or a negative errno, `fault` has one line that names the file and what is
 * wrong with it, and the import is good for nothing but import_release(): -EBADMSG what it holds, -ENODATA no such
 * type, -EMEDIUMTYPE it counts something else than the files before it, -EFBIG, -ENOMEM, those of open() and read().
 */
int import_file(struct import *import, const char *path, const struct import_options *options, struct fault *fault);

/*
 * Once, after the last file. The profile is as one that was symbolized; what frames, names and the top of `trust` are
 * is counted from it. What no file tells is null: whether stacks are complete, if there are no figures. 0 or -ENOMEM.
 */
int import_finish(struct import *import);

/*
 * After some of the profile's samples or frames were taken out: the figures become those of what is left. Why names
 * are missing is known of the whole only: 0; so is how many frames were found by frame pointer: null, and what was
 * expected, where samples are gone: null. 0 or -ENOMEM.
 */
int import_count_again(struct import *import);

void import_release(struct import *import);

#endif
