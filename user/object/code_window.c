// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/code_window.h"

#include <errno.h>
#include <stdlib.h>

#define LOOK_BACK 64u /* the next question is often a little below */

int code_window_init(struct code_window *window, const struct elf *elf)
{
	*window = (struct code_window){.elf = elf, .bytes = malloc(CODE_WINDOW)};
	return window->bytes ? 0 : -ENOMEM;
}

void code_window_release(struct code_window *window)
{
	free(window->bytes);
	*window = (struct code_window){0};
}

static const Elf64_Phdr *segment_of(const struct elf *elf, uint64_t address)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];

		if (segment->p_flags & PF_X && address >= segment->p_vaddr &&
			address - segment->p_vaddr < segment->p_filesz)
			return segment;
	}
	return NULL;
}

static void refill(struct code_window *window, uint64_t address)
{
	const Elf64_Phdr *segment = segment_of(window->elf, address);
	uint64_t at, left;

	window->len = 0;
	if (!segment)
		return;
	at = address - segment->p_vaddr;
	at = at > LOOK_BACK ? at - LOOK_BACK : 0;
	left = segment->p_filesz - at;
	left = left < CODE_WINDOW ? left : CODE_WINDOW;
	if (elf_read(window->elf, segment->p_offset + at, window->bytes, left))
		return;
	window->start = segment->p_vaddr + at;
	window->len = left;
}

static int holds(const struct code_window *window, uint64_t address, size_t len)
{
	return address >= window->start && address - window->start <= window->len &&
		len <= window->len - (address - window->start);
}

const uint8_t *code_window_at(struct code_window *window, uint64_t address, size_t len)
{
	if (!holds(window, address, len))
		refill(window, address);
	return holds(window, address, len) ? window->bytes + (address - window->start) : NULL;
}
