// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/string_table.h"

#include <errno.h>
#include <string.h>

static int load(struct string_cache *cache, uint64_t page, const uint8_t **data)
{
	size_t slot = page & (STRING_PAGES - 1);
	uint64_t offset = page * STRING_PAGE, left = cache->elf->size - offset;
	int err;

	if (cache->number[slot] != page + 1) {
		cache->number[slot] = 0;
		err = elf_read(cache->elf, offset, cache->pages[slot],
			left < STRING_PAGE ? left : STRING_PAGE);
		if (err)
			return err;
		cache->number[slot] = page + 1;
	}
	*data = cache->pages[slot];
	return 0;
}

int string_read(struct string_cache *cache, const Elf64_Shdr *table, uint64_t index,
	char *name, size_t *len)
{
	uint64_t at, end;
	size_t used = 0;

	if (table->sh_offset > cache->elf->size ||
		table->sh_size > cache->elf->size - table->sh_offset || index >= table->sh_size)
		return -EINVAL;
	end = table->sh_offset + table->sh_size;
	for (at = table->sh_offset + index; at < end && used < STRING_MAX;) {
		size_t in_page = at % STRING_PAGE, n = STRING_PAGE - in_page, text;
		const uint8_t *data;
		int err = load(cache, at / STRING_PAGE, &data);

		if (err)
			return err;
		n = n < end - at ? n : end - at;
		n = n < STRING_MAX - used ? n : STRING_MAX - used;
		text = strnlen((const char *)data + in_page, n);
		memcpy(name + used, data + in_page, text);
		used += text;
		at += text;
		if (text < n) {
			*len = used;
			return 0;
		}
	}
	if (used < STRING_MAX)
		return -EINVAL;
	*len = used;
	return 0;
}
