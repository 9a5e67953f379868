// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbolize/file_symbols.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first 16 bytes place the addresses, the rest is the file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct batch batch = {0};
	uint64_t place[2];

	if (size < sizeof(place))
		return 0;
	memcpy(place, data, sizeof(place));
	data += sizeof(place);
	size -= sizeof(place);
	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		return 0;
	for (uint32_t i = 0; i < 8; i++)
		batch_add(&batch, place[0] + i * place[1], i);
	batch_sort(&batch);
	file_symbols_resolve(fd, -1, &batch);
	for (size_t i = 0; i < batch.count; i++)
		if (batch.items[i].name && batch.items[i].start > batch.items[i].address)
			abort();
	batch_release(&batch);
	return 0;
}
