/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small ELF file made for a test: .text at 0x1000 (file offset 0x1000), .fini after it, .data, and a symbol table.
 */
#ifndef MADE_ELF_H
#define MADE_ELF_H

#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"

enum { MADE_TEXT = 1, MADE_FINI, MADE_DATA, MADE_SYMTAB, MADE_STRTAB, MADE_SHSTRTAB, MADE_SECTIONS };

#define MADE_NAMES "\0.text\0.fini\0.data\0.symtab\0.strtab\0.shstrtab"

struct made {
	struct buf symbols, strings;
	uint64_t text_size;
	uint32_t table; /* SHT_SYMTAB or SHT_DYNSYM */
};

static inline void made_init(struct made *made, uint64_t text_size)
{
	*made = (struct made){.text_size = text_size, .table = SHT_SYMTAB};
	buf_append(&made->symbols, &(Elf64_Sym){0}, sizeof(Elf64_Sym));
	buf_putc(&made->strings, 0);
}

static inline void made_symbol(struct made *made, const char *name, uint64_t value, uint64_t size,
	uint8_t info, uint16_t section)
{
	Elf64_Sym symbol = {.st_name = (uint32_t)made->strings.len, .st_info = info,
		.st_shndx = section, .st_value = value, .st_size = size};

	buf_append(&made->strings, name, strlen(name) + 1);
	buf_append(&made->symbols, &symbol, sizeof(symbol));
}

static inline void made_sections(const struct made *made, uint64_t symbols, Elf64_Shdr *out)
{
	uint64_t strings = symbols + made->symbols.len, names = strings + made->strings.len;

	out[MADE_TEXT] = (Elf64_Shdr){1, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0x1000, 0x1000,
		made->text_size, 0, 0, 16, 0};
	out[MADE_FINI] = (Elf64_Shdr){7, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR,
		0x1000 + made->text_size, 0x1000, 0x100, 0, 0, 16, 0};
	out[MADE_DATA] = (Elf64_Shdr){13, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE,
		0x2000 + made->text_size, 0x1000, 0x100, 0, 0, 16, 0};
	out[MADE_SYMTAB] = (Elf64_Shdr){19, made->table, 0, 0, symbols, made->symbols.len,
		MADE_STRTAB, 1, 8, sizeof(Elf64_Sym)};
	out[MADE_STRTAB] = (Elf64_Shdr){27, SHT_STRTAB, 0, 0, strings, made->strings.len, 0, 0, 1, 0};
	out[MADE_SHSTRTAB] = (Elf64_Shdr){35, SHT_STRTAB, 0, 0, names, sizeof(MADE_NAMES), 0, 0, 1, 0};
}

/* A memfd; releases `made`. */
static inline int made_file(struct made *made)
{
	Elf64_Shdr sections[MADE_SECTIONS] = {0};
	uint64_t symbols = 0x2000, at = symbols + made->symbols.len + made->strings.len;
	Elf64_Phdr text = {PT_LOAD, PF_R | PF_X, 0x1000, 0x1000, 0x1000, 0x1000,
		made->text_size > 0x1000 ? made->text_size : 0x1000, 0x1000};
	Elf64_Ehdr header = {.e_ident = ELFMAG, .e_type = ET_DYN, .e_machine = EM_X86_64,
		.e_version = EV_CURRENT, .e_phoff = sizeof(header), .e_shoff = at + 64,
		.e_ehsize = sizeof(header), .e_phentsize = sizeof(text), .e_phnum = 1,
		.e_shentsize = sizeof(Elf64_Shdr), .e_shnum = MADE_SECTIONS,
		.e_shstrndx = MADE_SHSTRTAB};
	int fd = memfd_create("made", MFD_CLOEXEC);
	ssize_t ok;

	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	made_sections(made, symbols, sections);
	ok = pwrite(fd, &header, sizeof(header), 0) > 0 &&
		pwrite(fd, &text, sizeof(text), sizeof(header)) > 0 &&
		pwrite(fd, made->symbols.data, made->symbols.len, (off_t)symbols) > 0 &&
		pwrite(fd, made->strings.data, made->strings.len,
			(off_t)(symbols + made->symbols.len)) > 0 &&
		pwrite(fd, MADE_NAMES, sizeof(MADE_NAMES), (off_t)at) > 0 &&
		pwrite(fd, sections, sizeof(sections), (off_t)at + 64) > 0;
	buf_release(&made->symbols);
	buf_release(&made->strings);
	if (ok)
		return fd;
	close(fd);
	return -1;
}

#endif
