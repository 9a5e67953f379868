// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/gzip.h"

#include <errno.h>
#include <stdint.h>

#define CHUNK 16384
#define LEVEL 6
#define GZIP_FORMAT 16 /* added to the window's bits (zlib.h, deflateInit2) */
#define MEMORY_LEVEL 8 /* zlib's default */

static int begin(z_stream *zlib)
{
	int status = deflateInit2(
		zlib, LEVEL, Z_DEFLATED, MAX_WBITS + GZIP_FORMAT, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);

	return status == Z_OK ? 0 : -ENOMEM;
}

int gzip_init(struct gzip *gzip, FILE *stream)
{
	*gzip = (struct gzip){.stream = stream};
	return begin(&gzip->zlib);
}

void gzip_release(struct gzip *gzip)
{
	deflateEnd(&gzip->zlib);
}

static int run(struct gzip *gzip, int flush)
{
	uint8_t out[CHUNK];

	do {
		gzip->zlib.next_out = out;
		gzip->zlib.avail_out = sizeof(out);
		if (deflate(&gzip->zlib, flush) == Z_STREAM_ERROR)
			return -EIO;
		fwrite(out, 1, sizeof(out) - gzip->zlib.avail_out, gzip->stream);
	} while (!gzip->zlib.avail_out);
	return 0;
}

int gzip_write(struct gzip *gzip, const void *data, size_t len)
{
	const uint8_t *next = data;
	int err = 0;

	while (len && !err) {
		unsigned part = len > 1u << 30 ? 1u << 30 : (unsigned)len;

		gzip->zlib.next_in = (uint8_t *)(uintptr_t)next;
		gzip->zlib.avail_in = part;
		err = run(gzip, Z_NO_FLUSH);
		next += part;
		len -= part;
	}
	return err;
}

int gzip_finish(struct gzip *gzip)
{
	return run(gzip, Z_FINISH);
}

int gzip_append(struct wire *out, const void *data, size_t len)
{
	z_stream zlib = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)len};
	int err = len > UINT32_MAX ? -ENOMEM : begin(&zlib);

	if (err)
		return err;
	err = -ENOMEM;
	if (wire_reserve(out, deflateBound(&zlib, len))) {
		zlib.next_out = out->data + out->len;
		zlib.avail_out = (uInt)(out->cap - out->len);
		if (deflate(&zlib, Z_FINISH) == Z_STREAM_END)
			err = 0;
		out->len += zlib.total_out;
	}
	deflateEnd(&zlib);
	return err;
}

int gzip_unpack(const void *data, size_t len, void *out, size_t room, size_t *out_len)
{
	z_stream zlib = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)len, .next_out = out, .avail_out = (uInt)room};
	int status = len > UINT32_MAX || room > UINT32_MAX ? Z_DATA_ERROR : inflateInit2(&zlib, MAX_WBITS + GZIP_FORMAT);

	if (status != Z_OK)
		return -EBADMSG;
	status = inflate(&zlib, Z_FINISH);
	inflateEnd(&zlib);
	if (status != Z_STREAM_END)
		return -EBADMSG;
	*out_len = zlib.total_out;
	return 0;
}
