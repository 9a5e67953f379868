// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What names a stripped file: .gnu_debuglink, .gnu_debugdata and the PLT. Two ways in: the input as an ELF file, and,
 * past the ELF headers, as sections of a made one (what a mutator would hardly find): PLT code, relocations, symbols,
 * strings, and the same bytes as link and as xz data, once as they are and once packed here, so that what comes out of
 * the decoder is fuzzed too.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <lzma.h>

#include "object/debug_link.h"
#include "object/elf.h"
#include "symbolize/file_symbols.h"
#include "symbolize/mini_debug.h"

#define HEAD 0x1000u
#define PART 0x200u
#define NAMES "\0.plt\0.rela.plt\0.dynsym\0.dynstr\0.gnu_debuglink\0.gnu_debugdata\0.shstrtab"

enum { NONE, PLT, RELA, SYMBOLS, STRINGS, LINK, DATA, SECTION_NAMES, SECTIONS };

struct image {
	uint8_t parts[4][PART]; /* PLT, RELA, SYMBOLS, STRINGS */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_names(int fd, uint64_t from, uint64_t step)
{
	struct batch batch = {0};

	for (uint32_t i = 0; i < 16; i++)
		batch_add(&batch, from + i * step, i);
	batch_sort(&batch);
	file_symbols_resolve(fd, fd, &batch);
	for (size_t i = 0; i < batch.count; i++)
		if (batch.items[i].name && batch.items[i].start > batch.items[i].address)
			abort();
	batch_release(&batch);
}

static void try_link(int fd)
{
	struct debug_link link;
	struct elf elf;

	if (elf_init(&elf, fd))
		return;
	if (!debug_link_read(&elf, &link) && (!*link.name || strchr(link.name, '/')))
		abort();
	elf_release(&elf);
}

static void put_section(Elf64_Shdr *out, uint32_t name, uint32_t type, uint64_t flags, uint64_t at, uint64_t size)
{
	*out = (Elf64_Shdr){.sh_name = name, .sh_type = type, .sh_flags = flags, .sh_addr = flags ? at : 0, .sh_offset = at,
		.sh_size = size};
}

static int write_made(int fd, const struct image *image, const uint8_t *rest, size_t size)
{
	uint64_t at = HEAD + sizeof(*image), end = at + size;
	Elf64_Shdr sections[SECTIONS] = {0};
	Elf64_Ehdr header = {.e_ident = ELFMAG, .e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_ehsize = sizeof(header), .e_shoff = sizeof(header), .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = SECTIONS,
		.e_shstrndx = SECTION_NAMES};

	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	put_section(&sections[PLT], 1, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, HEAD, PART);
	put_section(&sections[RELA], 6, SHT_RELA, SHF_ALLOC, HEAD + PART, PART);
	sections[RELA].sh_link = SYMBOLS;
	put_section(&sections[SYMBOLS], 16, SHT_DYNSYM, SHF_ALLOC, HEAD + 2 * PART, PART);
	sections[SYMBOLS].sh_link = STRINGS;
	sections[SYMBOLS].sh_entsize = sizeof(Elf64_Sym);
	put_section(&sections[STRINGS], 24, SHT_STRTAB, SHF_ALLOC, HEAD + 3 * PART, PART);
	put_section(&sections[LINK], 32, SHT_PROGBITS, 0, at, size < PART ? size : PART);
	put_section(&sections[DATA], 47, SHT_PROGBITS, 0, at, size);
	put_section(&sections[SECTION_NAMES], 62, SHT_STRTAB, 0, end, sizeof(NAMES));
	return ftruncate(fd, 0) || pwrite(fd, &header, sizeof(header), 0) < 0 ||
	       pwrite(fd, sections, sizeof(sections), sizeof(header)) < 0 ||
	       pwrite(fd, image, sizeof(*image), HEAD) < 0 || (size && pwrite(fd, rest, size, (off_t)at) < 0) ||
	       pwrite(fd, NAMES, sizeof(NAMES), (off_t)end) < 0;
}

static size_t pack(const uint8_t *data, size_t size, uint8_t *out, size_t room)
{
	size_t len = 0;

	return lzma_easy_buffer_encode(0, LZMA_CHECK_NONE, NULL, data, size, out, &len, room) == LZMA_OK ? len : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t packed[1 << 20];
	static int fd = -1;
	struct image image = {0};
	size_t head = size < sizeof(image) ? size : sizeof(image);

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (!ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size) {
		try_names(fd, HEAD, 7);
		try_link(fd);
	}
	memcpy(&image, data, head);
	if (!write_made(fd, &image, data + head, size - head)) {
		try_names(fd, HEAD, 8);
		try_link(fd);
	}
	if (!write_made(fd, &image, packed, pack(data + head, size - head, packed, sizeof(packed))))
		try_names(fd, HEAD + 4, 16);
	return 0;
}
