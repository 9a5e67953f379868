// SPDX-License-Identifier: GPL-2.0-or-later
/* What a child that parses may answer: a byte that says of what, and the records of a message. */
#include <stdlib.h>
#include <string.h>

#include "parser/parser_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parser_answer answer;

	if (parser_answer_init(&answer, 4))
		return 0;
	if (size && data[0] & 1)
		parser_answer_take_names(&answer, data + 1, size - 1);
	else if (size)
		parser_answer_take(&answer, data + 1, size - 1);
	for (size_t i = 0; i < answer.count; i++)
		if (answer.lines[i].count > CODE_LINES_MAX)
			abort();
	parser_answer_release(&answer);
	return 0;
}
