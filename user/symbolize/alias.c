// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/alias.h"

#include <string.h>

static size_t underscores(const char *name, size_t len)
{
	size_t n = 0;

	while (n < len && name[n] == '_')
		n++;
	return n;
}

int alias_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t a_lead = underscores(a, a_len), b_lead = underscores(b, b_len);

	if (a_lead != b_lead)
		return a_lead < b_lead ? -1 : 1;
	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return a_len ? memcmp(a, b, a_len) : 0;
}
