// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/pack.h"

#include <errno.h>
#include <string.h>

#define CHUNK 16384
#define LEVEL 6 /* 9 takes three times as long for 2 % less */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int pack_init(struct pack *pack, FILE *stream)
{
	*pack = (struct pack){.stream = stream};
	return deflateInit(&pack->zlib, LEVEL) == Z_OK ? 0 : -ENOMEM;
}

void pack_release(struct pack *pack)
{
	deflateEnd(&pack->zlib);
}

static void encode_group(const uint8_t *in, char *out)
{
	out[0] = digits[in[0] >> 2];
	out[1] = digits[(in[0] & 3) << 4 | in[1] >> 4];
	out[2] = digits[(in[1] & 15) << 2 | in[2] >> 6];
	out[3] = digits[in[2] & 63];
}

/* Writes whole groups of three bytes and keeps what is left over. */
static void write_base64(struct pack *pack, const uint8_t *data, size_t len)
{
	char out[4096];
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		pack->rest[pack->n_rest++] = data[i];
		if (pack->n_rest < 3)
			continue;
		pack->n_rest = 0;
		encode_group(pack->rest, out + n);
		n += 4;
		if (n == sizeof(out)) {
			fwrite(out, 1, n, pack->stream);
			n = 0;
		}
	}
	fwrite(out, 1, n, pack->stream);
}

static int run(struct pack *pack, int flush)
{
	uint8_t out[CHUNK];

	do {
		int result;

		pack->zlib.next_out = out;
		pack->zlib.avail_out = sizeof(out);
		result = deflate(&pack->zlib, flush);
		if (result == Z_STREAM_ERROR)
			return -EIO;
		write_base64(pack, out, sizeof(out) - pack->zlib.avail_out);
	} while (!pack->zlib.avail_out);
	return 0;
}

int pack_write(struct pack *pack, const void *data, size_t len)
{
	const uint8_t *next = data;

	while (len) {
		unsigned part = len > 1u << 30 ? 1u << 30 : (unsigned)len;
		int err;

		pack->zlib.next_in = (uint8_t *)next;
		pack->zlib.avail_in = part;
		err = run(pack, Z_NO_FLUSH);
		if (err)
			return err;
		next += part;
		len -= part;
	}
	return 0;
}

int pack_finish(struct pack *pack)
{
	char out[4];
	int err = run(pack, Z_FINISH);

	if (err || !pack->n_rest)
		return err;
	memset(pack->rest + pack->n_rest, 0, 3 - pack->n_rest);
	encode_group(pack->rest, out);
	memset(out + 1 + pack->n_rest, '=', 3 - pack->n_rest);
	fwrite(out, 1, 4, pack->stream);
	return 0;
}
