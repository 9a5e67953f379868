// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>

#include "symbolize/kernel_symbols.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct batch batch = {0};
	FILE *file;

	if (!size)
		return 0;
	file = fmemopen((void *)data, size, "r");
	for (uint32_t i = 0; i < 64; i++)
		batch_add(&batch, i < 32 ? i : UINT64_MAX - (1ull << (i - 32)), i);
	batch_sort(&batch);
	kernel_symbols_resolve(NULL, file, &batch);
	for (size_t i = 0; i < batch.count; i++)
		if (batch.items[i].name && batch.items[i].start > batch.items[i].address)
			abort();
	batch_release(&batch);
	fclose(file);
	return 0;
}
