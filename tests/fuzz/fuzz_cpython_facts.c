// SPDX-License-Identifier: GPL-2.0-or-later
/* An ELF file that may be an interpreter's, and one that is linked to it. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/cpython_facts.h"
#include "runtime/cpython_offsets.h"
#include "runtime/cpython_program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct cpython_facts *facts, int err)
{
	if (facts->n_loops > 1 + CPYTHON_LOOPS)
		abort();
	for (uint32_t i = 0; i < facts->n_loops; i++)
		if (facts->loop[i].start > facts->loop[i].end)
			abort();
	if (!err && (facts->abi.version < CPYTHON_FIRST || facts->abi.version > CPYTHON_LAST ||
			    !facts->n_loops || facts->abi.code_lines > ABI_CODE_BLOCK - 8))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct cpython_facts facts = {0};
	struct abi_program program = {0};
	int err;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		return 0;
	err = cpython_facts_read(&facts, fd);
	if (!err || err == -ENOTSUP)
		check(&facts, err);
	cpython_program_read(&program, fd, -1);
	cpython_program_read(&program, fd, fd);
	if (program.n_slots > ABI_PROGRAM_SLOTS)
		abort();
	return 0;
}
