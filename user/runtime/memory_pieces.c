// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/memory_pieces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void memory_pieces_release(struct memory_pieces *pieces)
{
	free(pieces->pieces);
	buf_release(&pieces->bytes);
	*pieces = (struct memory_pieces){0};
}

static int reserve(struct memory_pieces *pieces)
{
	uint32_t cap = pieces->cap ? 2 * pieces->cap : 256;
	struct memory_piece *grown;

	if (pieces->n < pieces->cap)
		return 0;
	grown = realloc(pieces->pieces, cap * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	pieces->pieces = grown;
	pieces->cap = cap;
	return 0;
}

int memory_pieces_add(struct memory_pieces *pieces, uint64_t address, const void *data, size_t size)
{
	uint32_t at = (uint32_t)pieces->bytes.len;

	if (pieces->n == MEMORY_PIECES_MAX || size > MEMORY_PIECE_MAX || at + size > MEMORY_PIECES_BYTES)
		return -E2BIG;
	if (reserve(pieces) || buf_append(&pieces->bytes, data, size))
		return -ENOMEM;
	pieces->pieces[pieces->n++] = (struct memory_piece){address, (uint32_t)size, at};
	return 0;
}

/* Of one address the largest comes first: it serves all. */
static int by_address(const void *left, const void *right)
{
	const struct memory_piece *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->size > b->size ? -1 : a->size < b->size;
}

void memory_pieces_sort(struct memory_pieces *pieces)
{
	if (pieces->n)
		qsort(pieces->pieces, pieces->n, sizeof(*pieces->pieces), by_address);
}

int memory_pieces_read(const struct memory_pieces *pieces, uint64_t address, void *to, size_t size)
{
	uint32_t low = 0, high = pieces->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (pieces->pieces[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == pieces->n || pieces->pieces[low].address != address || pieces->pieces[low].size < size)
		return -1;
	if (size)
		memcpy(to, pieces->bytes.data + pieces->pieces[low].at, size);
	return 0;
}
