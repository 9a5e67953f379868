// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "symbolize/demangle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Demangles the input and cleans what came of it, as symbolize does. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *name = strndup((const char *)data, size);
	struct buf plain = {0}, clean = {0};
	int err = demangle(name, &plain);

	if (err && plain.len)
		abort();
	text_clean(&clean, err ? name : plain.data, err ? strlen(name) : plain.len);
	if (clean.len > TEXT_MAX)
		abort();
	buf_release(&plain);
	buf_release(&clean);
	free(name);
	return 0;
}
