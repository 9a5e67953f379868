// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/string_table.h"

#include <errno.h>
#include <string.h>

int string_read(struct elf_pages *pages, const Elf64_Shdr *table, uint64_t index,
	char *name, size_t *len)
{
	uint64_t size = pages->elf->size, at, end;
	size_t used = 0;

	if (table->sh_offset > size || table->sh_size > size - table->sh_offset || index >= table->sh_size)
		return -EINVAL;
	end = table->sh_offset + table->sh_size;
	for (at = table->sh_offset + index; at < end && used < STRING_MAX;) {
		const uint8_t *data;
		size_t n, text;
		int err = elf_pages_at(pages, at, &data, &n);

		if (err)
			return err;
		n = n < end - at ? n : end - at;
		n = n < STRING_MAX - used ? n : STRING_MAX - used;
		text = strnlen((const char *)data, n);
		memcpy(name + used, data, text);
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
