/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The searches in what abi_unwind.h describes, for the kernel and the host alike. */
#ifndef PROFOUND_STEP_ROWS_H
#define PROFOUND_STEP_ROWS_H

#include "abi.h"

/*
 * The index of the last row whose offset is at or below `offset`; row 0 has offset 0, so there is one. Without
 * branches: a compare-and-branch search of 20 frames x 10 steps exceeds the verifier's million instructions. The
 * comparison is the sign of a difference, shifted logically (an arithmetic shift followed by & forks the verifier).
 */
static inline __attribute__((always_inline)) __u32 rows_search(
	const struct abi_row *rows, __u32 offset)
{
	__u64 at = 0, sought = offset;

#ifdef __clang__
	/* Or clang, which knows the range of both sides, makes a branch of the comparison. */
	__asm__ volatile("" : "+r"(sought));
#pragma clang loop unroll(full)
#else
#pragma GCC unroll 10
#endif
	for (__u64 step = ABI_ROWS / 2; step; step /= 2) {
		__u64 above = (sought - rows[(at + step) & (ABI_ROWS - 1)].offset) >> 63;

		at += step * (1 - above);
	}
	return at;
}

/* The offset to look up in a page: its last row holds up to the next page. */
static inline __attribute__((always_inline)) __u32 rows_offset(__u64 from_base)
{
	return from_base < ABI_ROW_UNUSED ? from_base : ABI_ROW_UNUSED - 1;
}

/* Where a process's space is looked for (abi_unwind.h): the upper half is the tag, never 0, the lower one the home. */
static inline __attribute__((always_inline)) __u64 space_hash(__u64 start_ns, __u32 tgid, __u32 exec)
{
	__u64 hash = (start_ns ^ (__u64)exec << 32 ^ tgid) * 0x9e3779b97f4a7c15ULL;

	return (hash ^ hash >> 29) | 1ULL << 32;
}

#endif
