// SPDX-License-Identifier: GPL-2.0-or-later
/* A file of no matter what, packed or not: told by its bytes, unpacked, read. */
#include <sys/mman.h>
#include <unistd.h>

#include "import_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import import = {0};
	struct fault fault = {0};
	char path[64];
	int fd = memfd_create("input", 0), err;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = import_file(&import, path, NULL, &fault);
	check(!err || strstr(fault.text, path));
	if (!err && !import_finish(&import))
		check_import(&import);
	import_release(&import);
	close(fd);
	return 0;
}
