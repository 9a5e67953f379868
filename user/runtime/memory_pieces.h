/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of a process's memory as they were read, so that the same reads can be made again without the process. */
#ifndef PROFOUND_MEMORY_PIECES_H
#define PROFOUND_MEMORY_PIECES_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define MEMORY_PIECES_MAX 65536u
#define MEMORY_PIECES_BYTES (4u << 20)
#define MEMORY_PIECE_MAX 65535u /* bytes of one */

struct memory_piece {
	uint64_t address;
	uint32_t size;
	uint32_t at; /* in `bytes` */
};

/* A zeroed struct is empty. */
struct memory_pieces {
	struct memory_piece *pieces;
	uint32_t n, cap;
	struct buf bytes;
};

void memory_pieces_release(struct memory_pieces *pieces);
/* 0; -E2BIG past the limits; -ENOMEM. */
int memory_pieces_add(struct memory_pieces *pieces, uint64_t address, const void *data, size_t size);
/* By address; before the first read. */
void memory_pieces_sort(struct memory_pieces *pieces);
/* 0; -1: no piece begins there that has so many bytes. */
int memory_pieces_read(const struct memory_pieces *pieces, uint64_t address, void *to, size_t size);

#endif
