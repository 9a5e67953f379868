// SPDX-License-Identifier: GPL-2.0-or-later
/* The first byte is the kind, the next four an offset. */
#include <stdlib.h>
#include <string.h>

#include "runtime/cpython_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cpython_lines lines = {.first_line = 1};
	uint32_t offset;

	if (size < 5)
		return 0;
	lines.kind = data[0] % 3;
	memcpy(&offset, data + 1, sizeof(offset));
	lines.table = data + 5;
	lines.size = size - 5;
	if (cpython_lines_find(&lines, offset) > INT32_MAX)
		abort();
	if (cpython_lines_find(&lines, offset % 256) > INT32_MAX)
		abort();
	return 0;
}
