// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two ways in: the input as an ELF file, and, past the ELF headers, the input as code and pclntab of a made one
 * (what a mutator would hardly find). Rows must come as row_sink.h says.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "object/gopclntab.h"

#define HEAD 0x1000u
#define CODE 0x400u

struct seen {
	uint64_t start, end, last;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_range(void *context, uint64_t start, uint64_t end)
{
	struct seen *seen = context;

	*seen = (struct seen){start, end, 0};
	return 0;
}

static int on_row(void *context, uint64_t start, const struct abi_rule *rule)
{
	struct seen *seen = context;

	if (seen->last && start < seen->last)
		abort();
	if (rule->cfa > CFA_SIGNAL || rule->rbp > SAVED_UNDEFINED)
		abort();
	seen->last = start;
	return 0;
}

static void try_rows(int fd)
{
	struct seen seen = {0};
	const struct row_sink sink = {on_range, on_row, &seen};
	struct elf elf;

	if (elf_init(&elf, fd))
		return;
	gopclntab_rows(&elf, &sink);
	elf_release(&elf);
}

/* One segment of code, one of data that holds the rest of the input; no sections, so that the header is searched. */
static int write_made(int fd, const uint8_t *data, size_t size)
{
	size_t code = size < CODE ? size : CODE;
	Elf64_Ehdr header = {.e_ident = ELFMAG, .e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_phoff = sizeof(header), .e_ehsize = sizeof(header), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2};
	Elf64_Phdr segments[2] = {
		{PT_LOAD, PF_R | PF_X, HEAD, HEAD, HEAD, code, code, HEAD},
		{PT_LOAD, PF_R | PF_W, HEAD + CODE, HEAD + CODE, HEAD + CODE, size - code, size - code, HEAD},
	};

	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	return ftruncate(fd, 0) || ftruncate(fd, (off_t)(HEAD + CODE)) ||
		pwrite(fd, &header, sizeof(header), 0) < 0 ||
		pwrite(fd, segments, sizeof(segments), sizeof(header)) < 0 || pwrite(fd, data, code, HEAD) < 0 ||
		pwrite(fd, data + code, size - code, HEAD + CODE) < 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (!ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size)
		try_rows(fd);
	if (!write_made(fd, data, size))
		try_rows(fd);
	return 0;
}
