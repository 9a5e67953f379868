// SPDX-License-Identifier: GPL-2.0-or-later
/* A line table: the input is .debug_line, and the string sections too. */
#include <stdlib.h>

#include "symbolize/dwarf_lines.h"

#define ADDRESSES 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct dwarf_file anywhere; /* no section headers: code is everywhere but at 0 */
	struct cursor all = cursor_over(data, size);
	struct dwarf_sections sections = {all, all, all};
	struct dwarf_row rows[ADDRESSES] = {0};
	uint64_t addresses[ADDRESSES];
	struct dwarf_lines lines;
	struct buf path = {0};

	for (unsigned i = 0; i < ADDRESSES; i++)
		addresses[i] = i < ADDRESSES / 2 ? i : 1ull << (2 * i);
	if (dwarf_lines_init(&lines, &sections, 0, "/comp"))
		return 0;
	dwarf_lines_find(&lines, &anywhere, addresses, ADDRESSES, rows);
	for (unsigned i = 0; i < ADDRESSES; i++)
		if (rows[i].found && !dwarf_lines_path(&lines, rows[i].file, &path) && path.data[path.len - 1])
			abort();
	buf_release(&path);
	dwarf_lines_release(&lines);
	return 0;
}
