/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arrays that grow by one: the readers' tables. */
#ifndef PROFOUND_ARRAY_H
#define PROFOUND_ARRAY_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* The array with room for one more than `count`, moved if need be. NULL: no memory, and the array is what it was. */
static inline void *array_grow(void *array, uint32_t count, uint32_t *cap, size_t size)
{
	uint32_t more = *cap ? *cap * 2 : 64;
	void *moved;

	if (count < *cap)
		return array;
	moved = more > *cap ? reallocarray(array, more, size) : NULL;
	if (moved)
		*cap = more;
	return moved;
}

#endif
