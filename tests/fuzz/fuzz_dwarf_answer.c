// SPDX-License-Identifier: GPL-2.0-or-later
/* What a child that reads DWARF may answer: the input is the records of a message. */
#include <stdlib.h>
#include <string.h>

#include "symbolize/dwarf_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dwarf_answer answer;

	if (dwarf_answer_init(&answer, 4))
		return 0;
	dwarf_answer_take(&answer, data, size);
	for (size_t i = 0; i < answer.count; i++)
		if (answer.lines[i].count > CODE_LINES_MAX)
			abort();
	dwarf_answer_release(&answer);
	return 0;
}
