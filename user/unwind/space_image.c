// SPDX-License-Identifier: GPL-2.0-or-later
#include "unwind/space_image.h"

#include <string.h>

uint32_t space_image_size(const struct layout *layout)
{
	uint32_t size = 2; /* the search halves it */

	while (size < layout->count)
		size *= 2;
	return size;
}

uint32_t space_image_words(uint32_t size)
{
	return (uint32_t)(sizeof(struct abi_space) / 8 +
			  size * (1 + sizeof(struct abi_map) / 8));
}

static uint64_t *starts_of(struct abi_space *space)
{
	return (uint64_t *)(space + 1);
}

static struct abi_map *maps_of(struct abi_space *space)
{
	return (struct abi_map *)(starts_of(space) + space->size);
}

void space_image_fill(
	struct abi_space *space, const struct layout *layout, const struct tables *tables)
{
	uint64_t *starts = starts_of(space);
	struct abi_map *maps = maps_of(space);

	for (uint32_t i = 0; i < space->size; i++) {
		maps[i] = (struct abi_map){0};
		starts[i] = ABI_START_UNUSED;
		if (i >= layout->count)
			continue;
		tables_map(tables, &layout->at[i], &maps[i]);
		starts[i] = maps[i].start;
	}
}

bool space_image_shows(
	struct abi_space *space, const struct layout *layout, const struct tables *tables)
{
	const struct abi_map *maps = maps_of(space);

	if (layout->count > space->size ||
		(layout->count < space->size && maps[layout->count].end))
		return false;
	for (uint32_t i = 0; i < layout->count; i++) {
		struct abi_map map;

		tables_map(tables, &layout->at[i], &map);
		if (memcmp(&map, &maps[i], sizeof(map)))
			return false;
	}
	return true;
}
