/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * .gnu_debuglink: the name of the file that holds what was stripped off, and its checksum (gdb 13 manual, 18.3
 * "Separate Debug Files": name, NUL, zeros up to 4 bytes, CRC-32 as of zlib in the file's byte order). The file is
 * hostile.
 */
#ifndef PROFOUND_DEBUG_LINK_H
#define PROFOUND_DEBUG_LINK_H

#include <stdint.h>

#include "object/elf.h"

#define DEBUG_LINK_NAME_MAX 255
#define DEBUG_FILE_MAX (1ull << 30) /* bytes of a debug file that its checksum is made of; a larger one is not read */

struct debug_link {
	char name[DEBUG_LINK_NAME_MAX + 1]; /* one component of a path, neither "." nor ".." */
	uint32_t crc;
};

/* 0; -ENOENT: there is none; -EINVAL: it makes no sense; -EIO. */
int debug_link_read(const struct elf *elf, struct debug_link *link);

/* The checksum of a whole file, read from its start to its end as of now. 0; -E2BIG; -EIO; -ENOMEM. */
int debug_link_crc(int fd, uint32_t *crc);

#endif
