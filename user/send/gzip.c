// SPDX-License-Identifier: GPL-2.0-or-later
#include "send/gzip.h"

#include <errno.h>
#include <zlib.h>

#define LEVEL 6
#define GZIP_BITS (15 + 16) /* zlib.h, deflateInit2(): 16 more for gzip's header */
#define MEMORY_LEVEL 8

int gzip_append(struct wire *out, const void *data, size_t len)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)len};
	int status;

	if (len > UINT32_MAX || deflateInit2(&stream, LEVEL, Z_DEFLATED, GZIP_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	if (!wire_reserve(out, deflateBound(&stream, len))) {
		deflateEnd(&stream);
		return -ENOMEM;
	}
	stream.next_out = out->data + out->len;
	stream.avail_out = (uInt)(out->cap - out->len);
	status = deflate(&stream, Z_FINISH);
	out->len += stream.total_out;
	deflateEnd(&stream);
	return status == Z_STREAM_END ? 0 : -ENOMEM;
}
