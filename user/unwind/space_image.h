/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands behind a struct abi_space: the starts and the struct abi_map of a layout's mappings (abi_unwind.h). */
#ifndef PROFOUND_SPACE_IMAGE_H
#define PROFOUND_SPACE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "process/layout.h"
#include "unwind/tables.h"

/* abi_space.size for a layout: a power of two. May be more than ABI_SPACE_MAPS. */
uint32_t space_image_size(const struct layout *layout);
/* What a space of a size takes in the arena. */
uint32_t space_image_words(uint32_t size);

/* Fills what is behind the space, by its size. */
void space_image_fill(
	struct abi_space *space, const struct layout *layout, const struct tables *tables);
/* Would it be filled with the same as it is? */
bool space_image_shows(
	struct abi_space *space, const struct layout *layout, const struct tables *tables);

#endif
