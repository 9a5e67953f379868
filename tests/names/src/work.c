// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "bits.h"

int c_work(int n, const char *text);

static inline unsigned mix(unsigned seed, unsigned char c)
{
	return rotate(seed, 5) ^ (unsigned)toupper(c);
}

static unsigned hash(const char *text, unsigned seed)
{
	for (size_t i = 0; i < strlen(text); i++)
		seed = mix(seed, (unsigned char)text[i]);
	return seed;
}

static int compare(const void *left, const void *right)
{
	unsigned a = *(const unsigned *)left, b = *(const unsigned *)right;

	return bits(a) == bits(b) ? (a > b) - (a < b) : bits(a) < bits(b) ? -1 : 1;
}

int c_work(int n, const char *text)
{
	unsigned *table = calloc((size_t)n + 1, sizeof(*table));
	int sum = 0;

	if (!table)
		abort();
	for (int i = 0; i < n; i++)
		table[i] = hash(text, (unsigned)i);
	qsort(table, (size_t)n, sizeof(*table), compare);
	for (int i = 0; i < n; i++)
		sum += (int)bits(table[i]) * n;
	free(table);
	return sum;
}
