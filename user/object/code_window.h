/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instruction bytes by ELF virtual address, read in windows: for a reader that walks up the addresses.
 */
#ifndef PROFOUND_CODE_WINDOW_H
#define PROFOUND_CODE_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "object/elf.h"

#define CODE_WINDOW 65536u

struct code_window {
	const struct elf *elf; /* not owned */
	uint8_t *bytes;
	uint64_t start;
	size_t len;
};

/* 0 or -ENOMEM. */
int code_window_init(struct code_window *window, const struct elf *elf);
void code_window_release(struct code_window *window);

/*
 * `len` bytes (at most 4096) at an address of an executable segment, valid until the next call; NULL where there
 * are none.
 */
const uint8_t *code_window_at(struct code_window *window, uint64_t address, size_t len);

#endif
