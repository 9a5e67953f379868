// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LONGEST 63

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

unsigned nearest_distance(const char *a, const char *b)
{
	unsigned rows[LONGEST + 1][LONGEST + 1];
	size_t n = strnlen(a, LONGEST), m = strnlen(b, LONGEST);

	for (size_t j = 0; j <= m; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		rows[i][0] = i;
		for (size_t j = 1; j <= m; j++) {
			unsigned best = rows[i - 1][j - 1] + !same(a[i - 1], b[j - 1]);

			best = least(best, rows[i - 1][j] + 1);
			best = least(best, rows[i][j - 1] + 1);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				best = least(best, rows[i - 2][j - 2] + 1);
			rows[i][j] = best;
		}
	}
	return rows[n][m];
}

const char *nearest_word(const char *word, const char *const *words, unsigned count)
{
	unsigned best = (strlen(word) + 2) / 3 + 1;
	const char *found = NULL;

	for (unsigned i = 0; i < count; i++) {
		unsigned distance = nearest_distance(word, words[i]);

		if (distance >= best || distance >= strlen(words[i]))
			continue;
		best = distance;
		found = words[i];
	}
	return found;
}

const char *nearest_hint(char *text, size_t size, const char *prefix, const char *word)
{
	text[0] = 0;
	if (word)
		snprintf(text, size, "; did you mean %s%s?", prefix, word);
	return text;
}
