// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/code_pattern.h"

#include <string.h>

static uint8_t digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

size_t code_pattern_size(const char *pattern)
{
	return strlen(pattern) / 2;
}

bool code_pattern_matches(const char *pattern, const uint8_t *code, size_t size)
{
	size_t len = code_pattern_size(pattern);

	if (len > size)
		return false;
	for (size_t i = 0; i < len; i++, pattern += 2)
		if (pattern[0] != '.' && (digit(pattern[0]) << 4 | digit(pattern[1])) != code[i])
			return false;
	return true;
}
