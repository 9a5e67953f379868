// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/debug_link.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#define CHUNK (256u << 10)
#define SECTION_MAX (DEBUG_LINK_NAME_MAX + 1 + 3 + 4)

static bool is_component(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, "..");
}

int debug_link_read(const struct elf *elf, struct debug_link *link)
{
	const Elf64_Shdr *section = elf_section(elf, ".gnu_debuglink");
	char data[SECTION_MAX];
	uint32_t crc;
	size_t len, at;

	if (!section || section->sh_type == SHT_NOBITS)
		return -ENOENT;
	if (section->sh_size > sizeof(data) || section->sh_size < 2 + sizeof(crc))
		return -EINVAL;
	if (elf_read(elf, section->sh_offset, data, section->sh_size))
		return -EIO;
	len = strnlen(data, section->sh_size);
	at = (len + 4) & ~(size_t)3;
	if (len > DEBUG_LINK_NAME_MAX || at + sizeof(crc) > section->sh_size || !is_component(data))
		return -EINVAL;
	memcpy(&crc, data + at, sizeof(crc));
	memcpy(link->name, data, len + 1);
	link->crc = le32toh(crc);
	return 0;
}

static int crc_of(int fd, uint64_t size, uint8_t *chunk, uint32_t *out)
{
	uLong crc = crc32(0, NULL, 0);

	for (uint64_t at = 0; at < size;) {
		ssize_t n = pread(fd, chunk, size - at < CHUNK ? size - at : CHUNK, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EIO;
		crc = crc32(crc, chunk, (uInt)n);
		at += (uint64_t)n;
	}
	*out = (uint32_t)crc;
	return 0;
}

int debug_link_crc(int fd, uint32_t *crc)
{
	struct stat info;
	uint8_t *chunk;
	int err;

	if (fstat(fd, &info))
		return -EIO;
	if ((uint64_t)info.st_size > DEBUG_FILE_MAX)
		return -E2BIG;
	chunk = malloc(CHUNK);
	if (!chunk)
		return -ENOMEM;
	err = crc_of(fd, (uint64_t)info.st_size, chunk, crc);
	free(chunk);
	return err;
}
