/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes as a gzip file (RFC 1952): to a stream, with constant memory whatever goes through, or at once to a buffer. */
#ifndef PROFOUND_GZIP_H
#define PROFOUND_GZIP_H

#include <stddef.h>
#include <stdio.h>
#include <zlib.h>

#include "base/wire.h"

struct gzip {
	z_stream zlib;
	FILE *stream;
};

/* 0 or -ENOMEM. Errors of the stream are left in it (ferror). */
int gzip_init(struct gzip *gzip, FILE *stream);
/* 0 or -EIO (zlib's state is broken). */
int gzip_write(struct gzip *gzip, const void *data, size_t len);
/* Writes what is left, and the trailer. To be called once, before release. 0 or -EIO. */
int gzip_finish(struct gzip *gzip);
void gzip_release(struct gzip *gzip);

/* Appends all of `data` as a file of its own. 0 or -ENOMEM. */
int gzip_append(struct wire *out, const void *data, size_t len);
/* The other way, of one member. 0, and *out_len; -EBADMSG: it is no whole one, or `out` has no room for all of it. */
int gzip_unpack(const void *data, size_t len, void *out, size_t room, size_t *out_len);

#endif
