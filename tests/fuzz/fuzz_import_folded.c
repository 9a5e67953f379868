// SPDX-License-Identifier: GPL-2.0-or-later
/* A file of folded lines that somebody else wrote. */
#include "import_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_import(data, size, CONTENT_TEXT);
}
