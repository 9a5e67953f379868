// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbolize/jitdump.h"

/* Most inputs are records behind a header that is right; one in four is a whole file. */
static const uint32_t header[10] = {0x4a695444, 1, sizeof(header), 62};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct jit_span spans[64];
	struct jitdump_told told;
	struct batch batch = {0};
	off_t at = 0;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (ftruncate(fd, 0))
		return 0;
	if (size && data[0] & 3) {
		if (pwrite(fd, header, sizeof(header), 0) < 0)
			return 0;
		at = sizeof(header);
		data++;
		size--;
	}
	if (pwrite(fd, data, size, at) != (ssize_t)size)
		return 0;
	for (uint32_t i = 0; i < 64; i++) {
		batch_add(&batch, i < 32 ? 0x1000 + i : 1ull << i, i);
		spans[i] = (struct jit_span){100 * i, i % 3 ? UINT64_MAX : 100 * i + 200};
	}
	batch_sort(&batch);
	(void)jitdump_resolve(fd, false, &batch, spans, &told);
	for (size_t i = 0; i < batch.count; i++)
		if (batch.items[i].name && batch.items[i].start > batch.items[i].address)
			abort();
	batch_release(&batch);
	return 0;
}
