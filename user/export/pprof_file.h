/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pprof file that is being written. Messages go through gzip as soon as there are some KiB of them: a message of
 * Profile is written whole between two calls of pprof_file_flush(). The string table grows beside them, since the order
 * of different fields does not matter in protobuf. Texts of the profile are hostile bytes: they are written as
 * text_plain() makes them, since a protobuf string is UTF-8.
 */
#ifndef PROFOUND_PPROF_FILE_H
#define PROFOUND_PPROF_FILE_H

#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "export/gzip.h"
#include "base/wire.h"
#include "profile/profile.h"

struct pprof_file {
	const struct profile *profile;
	struct gzip gzip;
	struct wire out;      /* messages */
	struct wire strings;  /* entries of the string table */
	uint32_t n_strings;
	uint32_t *strings_of; /* by text id: index + 1 */
	struct buf text;      /* the one that is being made plain */
	int error;            /* of gzip */
};

/* Writes the empty string, which is the first. 0 or -ENOMEM. Errors of the stream are left in it. */
int pprof_file_init(struct pprof_file *file, const struct profile *profile, FILE *stream);
void pprof_file_release(struct pprof_file *file);

/* Indices of strings; may be called while a message is being written. A text has one, each `string` a new one. */
uint32_t pprof_file_text(struct pprof_file *file, uint32_t text);
uint32_t pprof_file_string(struct pprof_file *file, const char *string);

/* Called between messages: hands on what has gathered. */
void pprof_file_flush(struct pprof_file *file);
/* The end of the file. 0, -ENOMEM or -EIO: of all that was written. */
int pprof_file_finish(struct pprof_file *file);

#endif
