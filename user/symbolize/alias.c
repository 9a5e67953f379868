// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/alias.h"

#include <stdio.h>
#include <string.h>

#define IDENTIFIER_MAX 1000 /* longer ones are not looked for */

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

static bool is_mangled(const char *name, size_t len)
{
	return len > 2 && name[0] == '_' && (name[1] == 'Z' || name[1] == 'R');
}

/* Itanium C++ ABI 5.1.2: <length><identifier> */
static bool is_inside(const char *mangled, size_t len, const char *function)
{
	char part[IDENTIFIER_MAX + 24];
	int n = snprintf(part, sizeof(part), "%zu%s", strlen(function), function);

	return n < (int)sizeof(part) && memmem(mangled, len, part, (size_t)n);
}

bool alias_is_of(const char *name, size_t len, const char *function)
{
	size_t whole = strlen(function), lead = underscores(name, len);

	if (!whole)
		return false;
	if (len >= whole && !memcmp(name, function, whole) && (len == whole || name[whole] == '.' || name[whole] == '@'))
		return true;
	if (is_mangled(function, whole))
		return false;
	if (is_mangled(name, len))
		return is_inside(name, len, function);
	return function[0] == '_' && lead < len && memmem(function, whole, name + lead, len - lead);
}
