/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text to a stream as zlib data (RFC 1950) in base64 (RFC 4648): what a page's script undoes with
 * atob() and DecompressionStream("deflate"). Memory is constant, whatever goes through.
 */
#ifndef PROFOUND_PACK_H
#define PROFOUND_PACK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <zlib.h>

struct pack {
	z_stream zlib;
	FILE *stream;
	uint8_t rest[3]; /* bytes that wait for a group of three */
	unsigned n_rest;
};

/* 0 or -ENOMEM. Errors of the stream are left in it (ferror). */
int pack_init(struct pack *pack, FILE *stream);
/* 0 or -EIO (zlib's state is broken). */
int pack_write(struct pack *pack, const void *data, size_t len);
/* Writes what is left, and the padding. To be called once, before release. 0 or -EIO. */
int pack_finish(struct pack *pack);
void pack_release(struct pack *pack);

#endif
