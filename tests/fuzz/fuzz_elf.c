// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "object/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	uint64_t address;
	struct elf elf;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		return 0;
	if (elf_init(&elf, fd))
		return 0;
	if (elf.build_id_size > sizeof(elf.build_id) || elf.n_segments > ELF_SEGMENTS_MAX ||
		elf.n_sections > ELF_SECTIONS_MAX)
		abort();
	for (uint32_t i = 0; i < elf.n_segments; i++)
		elf_address_of_offset(&elf, elf.segments[i].p_offset, &address);
	elf_section(&elf, ".symtab");
	elf_section_of_type(&elf, SHT_DYNSYM);
	elf_release(&elf);
	return 0;
}
