/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What any walk over a snapshot can come to in one of its files: words of the registers and of the stack that lie in
 * its mappings, and the addresses beside them (a return address is looked up less one, the first byte of a function
 * plus one).
 */
#ifndef PROFOUND_POINTERS_H
#define PROFOUND_POINTERS_H

#include <stdint.h>

#include "unwind/snapshot.h"

struct pointers {
	uint64_t *offsets; /* in the file, ascending, none twice; owned */
	uint32_t n, cap;
};

/* 0 or -ENOMEM, and *pointers is zeroed. */
int pointers_init(struct pointers *pointers, const struct snapshot *snapshot, uint32_t file);
void pointers_release(struct pointers *pointers);

#endif
