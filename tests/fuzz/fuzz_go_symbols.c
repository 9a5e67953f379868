// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two ways in, as in fuzz_gopclntab.c: the input as an ELF file, and as code and data of a made one. Names and lines
 * must be whole and bounded. Seeds: tests/fuzz/make_go_corpus.py.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbolize/go_symbols.h"

#define HEAD 0x1000u
#define CODE 0x400u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct batch_item *item)
{
	const struct code_lines *lines = &item->lines;

	if (lines->count && (!item->name || strcmp(item->name, lines->at[lines->count - 1].function)))
		abort();
	for (uint32_t i = 0; i < lines->count; i++)
		if (!lines->at[i].function || !*lines->at[i].function || (lines->at[i].line && !lines->at[i].file))
			abort();
}

static void try_names(int fd)
{
	struct batch batch = {0};
	struct elf elf;

	if (elf_init(&elf, fd))
		return;
	for (uint32_t i = 0; i < elf.n_segments; i++)
		for (uint64_t k = 0; k < CODE && elf.segments[i].p_flags & PF_X; k += 7)
			batch_add(&batch, elf.segments[i].p_vaddr + k, 0);
	batch_sort(&batch);
	go_symbols_resolve(&elf, &batch);
	for (size_t i = 0; i < batch.count; i++)
		check(&batch.items[i]);
	batch_release(&batch);
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
		try_names(fd);
	if (!write_made(fd, data, size))
		try_names(fd);
	return 0;
}
