// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbolize/jitdump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct jit_span spans[64];
	struct jitdump_told told;
	struct batch batch = {0};

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		return 0;
	for (uint32_t i = 0; i < 64; i++) {
		batch_add(&batch, i < 32 ? 0x1000 + i : 1ull << i, i);
		spans[i] = (struct jit_span){100 * i, i % 3 ? UINT64_MAX : 100 * i + 200};
	}
	batch_sort(&batch);
	(void)jitdump_resolve(fd, &batch, spans, &told);
	for (size_t i = 0; i < batch.count; i++)
		if (batch.items[i].name && batch.items[i].start > batch.items[i].address)
			abort();
	batch_release(&batch);
	return 0;
}
