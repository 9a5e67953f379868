/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The search in one page of rows (abi.h), for the kernel and the host alike. */
#ifndef PROFOUND_ROWS_H
#define PROFOUND_ROWS_H

#include "abi.h"

/*
 * The index of the last row whose offset is at or below `offset`; row 0 has offset 0, so there is one. Without
 * branches: a compare-and-branch search of 20 frames x 10 steps exceeds the verifier's million instructions. The
 * comparison is the sign of a difference, shifted logically (an arithmetic shift followed by & forks the verifier).
 */
static inline __attribute__((always_inline)) __u32 rows_search(
	const struct abi_row *rows, __u32 offset)
{
	__u64 at = 0;

#ifdef __clang__
#pragma clang loop unroll(full)
#else
#pragma GCC unroll 10
#endif
	for (__u64 step = ABI_ROWS / 2; step; step /= 2) {
		__u64 above = ((__u64)offset - rows[(at + step) & (ABI_ROWS - 1)].offset) >> 63;

		at += step * (1 - above);
	}
	return at;
}

#endif
