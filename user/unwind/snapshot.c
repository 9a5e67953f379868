// SPDX-License-Identifier: GPL-2.0-or-later
#include "unwind/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#define CHUNK 65536
#define GZIP 16 /* zlib.h: added to the window's bits */

void snapshot_release(struct snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->n_files; i++) {
		free(snapshot->files[i].name);
		if (snapshot->files[i].fd >= 0)
			close(snapshot->files[i].fd);
	}
	for (uint32_t i = 0; i < snapshot->n_frames; i++)
		free(snapshot->frames[i].name);
	free((void *)snapshot->stack.bytes);
	free(snapshot->files);
	free(snapshot->maps);
	free(snapshot->frames);
	cpython_live_release(&snapshot->runtime.live);
	memory_pieces_release(&snapshot->runtime.pieces);
	*snapshot = (struct snapshot){0};
}

static void deflate_to(z_stream *zlib, FILE *stream)
{
	uint8_t out[CHUNK];
	int state;

	do {
		zlib->next_out = out;
		zlib->avail_out = sizeof(out);
		state = deflate(zlib, Z_FINISH);
		fwrite(out, 1, sizeof(out) - zlib->avail_out, stream);
	} while (state == Z_OK);
}

int snapshot_save(const struct buf *packed, FILE *stream)
{
	z_stream zlib = {0};

	if (deflateInit2(&zlib, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + GZIP, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	zlib.next_in = (Bytef *)packed->data;
	zlib.avail_in = (uInt)packed->len;
	deflate_to(&zlib, stream);
	deflateEnd(&zlib);
	return 0;
}

/* Reads all there is, up to one byte more than a snapshot may have. */
static int read_all(gzFile gzip, struct buf *out)
{
	int n;

	do {
		if (buf_reserve(out, CHUNK))
			return -ENOMEM;
		n = gzread(gzip, out->data + out->len, CHUNK);
		if (n < 0)
			return -EBADMSG;
		out->len += (size_t)n;
	} while (n && out->len <= SNAPSHOT_BYTES_MAX);
	return 0;
}

/* Directories and the like fail here, not as bad data. */
static int open_gzip(int fd, gzFile *out)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0), err;
	char byte;

	if (copy < 0)
		return -errno;
	err = pread(copy, &byte, 1, 0) < 0 ? -errno : 0;
	if (!err) {
		*out = gzdopen(copy, "rb");
		err = *out ? 0 : -ENOMEM;
	}
	if (err)
		close(copy);
	return err;
}

int snapshot_load(struct snapshot *snapshot, int fd)
{
	struct buf data = {0};
	gzFile gzip = NULL;
	int err = open_gzip(fd, &gzip);

	*snapshot = (struct snapshot){0};
	if (err)
		return err;
	err = read_all(gzip, &data);
	gzclose(gzip);
	if (!err)
		err = snapshot_parse(snapshot, data.data, data.len);
	buf_release(&data);
	return err;
}
