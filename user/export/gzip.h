/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes to a stream as a gzip file (RFC 1952). Memory is constant, whatever goes through. */
#ifndef PROFOUND_GZIP_H
#define PROFOUND_GZIP_H

#include <stddef.h>
#include <stdio.h>
#include <zlib.h>

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

#endif
