// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/mini_debug.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <lzma.h>

#define CHUNK 65536u

/* One section on its way out of the file and through the decoder. */
struct inflation {
	const struct elf *elf;
	lzma_stream stream;
	uint64_t at, left; /* of the compressed bytes */
	uint64_t written;
	int out;
	uint8_t compressed[CHUNK], plain[CHUNK];
};

static int error_of(lzma_ret ret)
{
	switch (ret) {
	case LZMA_OK:
	case LZMA_STREAM_END:
		return 0;
	case LZMA_MEM_ERROR:
		return -ENOMEM;
	case LZMA_MEMLIMIT_ERROR:
		return -E2BIG;
	default:
		return -EILSEQ;
	}
}

static int refill(struct inflation *inflation)
{
	size_t n = inflation->left < CHUNK ? inflation->left : CHUNK;
	int err = elf_read(inflation->elf, inflation->at, inflation->compressed, n);

	inflation->at += n;
	inflation->left -= n;
	inflation->stream.next_in = inflation->compressed;
	inflation->stream.avail_in = n;
	return err;
}

static int put(struct inflation *inflation)
{
	size_t len = CHUNK - inflation->stream.avail_out;

	if (inflation->written + len > MINI_DEBUG_OUT_MAX)
		return -E2BIG;
	if (pwrite(inflation->out, inflation->plain, len, (off_t)inflation->written) != (ssize_t)len)
		return -ENOMEM;
	inflation->written += len;
	inflation->stream.next_out = inflation->plain;
	inflation->stream.avail_out = CHUNK;
	return 0;
}

static int run(struct inflation *inflation)
{
	lzma_ret ret = LZMA_OK;
	int err = 0;

	while (!err && ret == LZMA_OK) {
		if (!inflation->stream.avail_in && inflation->left)
			err = refill(inflation);
		if (err)
			break;
		ret = lzma_code(&inflation->stream, inflation->left ? LZMA_RUN : LZMA_FINISH);
		err = error_of(ret);
		if (!err && (ret == LZMA_STREAM_END || !inflation->stream.avail_out))
			err = put(inflation);
	}
	return err;
}

static int inflate_section(const struct elf *elf, const Elf64_Shdr *section, int out)
{
	static const lzma_stream fresh = LZMA_STREAM_INIT;
	struct inflation *inflation = malloc(sizeof(*inflation));
	int err;

	if (!inflation)
		return -ENOMEM;
	inflation->elf = elf;
	inflation->stream = fresh;
	inflation->at = section->sh_offset;
	inflation->left = section->sh_size;
	inflation->written = 0;
	inflation->out = out;
	inflation->stream.next_out = inflation->plain;
	inflation->stream.avail_out = CHUNK;
	err = error_of(lzma_stream_decoder(&inflation->stream, MINI_DEBUG_WORK_MAX, 0));
	if (!err)
		err = run(inflation);
	lzma_end(&inflation->stream);
	free(inflation);
	return err;
}

int mini_debug_open(const struct elf *elf)
{
	const Elf64_Shdr *section = elf_section(elf, ".gnu_debugdata");
	int out, err;

	if (!section || section->sh_type == SHT_NOBITS || !section->sh_size)
		return -ENOENT;
	if (section->sh_size > MINI_DEBUG_IN_MAX)
		return -E2BIG;
	out = memfd_create("debugdata", MFD_CLOEXEC);
	if (out < 0)
		return -errno;
	err = inflate_section(elf, section, out);
	if (!err)
		return out;
	close(out);
	return err;
}
