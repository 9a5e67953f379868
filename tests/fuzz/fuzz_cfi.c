// SPDX-License-Identifier: GPL-2.0-or-later
/* A section as it stands: the first byte chooses its kind, and whether it is read by offsets. */
#include <stdlib.h>

#include "object/cfi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t start, end, last;
	int open;
};

static int see_range(void *context, uint64_t start, uint64_t end)
{
	struct seen *seen = context;

	if (start >= end)
		abort();
	*seen = (struct seen){start, end, start, 1};
	return 0;
}

static int see_row(void *context, uint64_t start, const struct abi_rule *rule)
{
	struct seen *seen = context;

	if (!seen->open || start < seen->last || start >= seen->end)
		abort();
	if (rule->cfa > CFA_SIGNAL || rule->rbp > SAVED_UNDEFINED || rule->reg > 15)
		abort();
	seen->last = start;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cfi_bases bases = {.address = 0x5000, .text = 0x1000, .got = 0x9000};
	struct seen seen = {0};
	const struct row_sink sink = {see_range, see_row, &seen};
	struct cfi cfi;

	if (!size)
		return 0;
	cfi_init(&cfi, data + 1, size - 1, data[0] & 1, &bases);
	if (data[0] & 2)
		for (size_t offset = 0; offset < size; offset++)
			cfi_rows_at(&cfi, offset, &sink);
	else
		cfi_rows(&cfi, data[0] & 4, &sink);
	cfi_release(&cfi);
	return 0;
}
