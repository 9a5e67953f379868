// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/target_memory.h"

#include <errno.h>
#include <sys/uio.h>

static int read_file(const struct target_memory *memory, uint64_t address, void *to, size_t size)
{
	uint64_t offset, left;

	if (elf_offset_of_address(memory->file, address - memory->bias, &offset, &left) || left < size)
		return -EFAULT;
	return elf_read(memory->file, offset, to, size) ? -EFAULT : 0;
}

static int read_process(const struct target_memory *memory, uint64_t address, void *to, size_t size)
{
	struct iovec local = {to, size}, remote = {(void *)(uintptr_t)address, size};

	if (process_vm_readv((pid_t)memory->pid, &local, 1, &remote, 1, 0) != (ssize_t)size)
		return -EFAULT;
	memory_pieces_add(memory->pieces, address, to, size);
	return 0;
}

int target_memory_read(const struct target_memory *memory, uint64_t address, void *to, size_t size)
{
	if (memory->file)
		return read_file(memory, address, to, size);
	if (memory->pid)
		return read_process(memory, address, to, size);
	return memory_pieces_read(memory->pieces, address, to, size) ? -EFAULT : 0;
}
