// SPDX-License-Identifier: GPL-2.0-or-later
/* An expression and, behind a NUL, a name: whatever is compiled costs neither memory nor time. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pattern pattern = {0};
	struct fault fault = {""};
	char *text = strndup((const char *)data, size), *name;
	size_t len = text ? strlen(text) + 1 : 0;

	name = text ? strndup((const char *)data + (len < size ? len : size), len < size ? size - len : 0) : NULL;
	if (!name)
		abort();
	if (!pattern_init(&pattern, text, &fault))
		pattern_matches(&pattern, name);
	else if (!fault.text[0] || pattern.text)
		abort();
	pattern_release(&pattern);
	free(text);
	free(name);
	return 0;
}
