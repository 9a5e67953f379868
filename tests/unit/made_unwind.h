/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file with as many unwind rows as a test wants: functions one after another, each with another CFA than the one
 * before. Its code is at MADE_UNWIND_CODE, at the file offset MADE_UNWIND_OFFSET.
 */
#ifndef MADE_UNWIND_H
#define MADE_UNWIND_H

#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "made_cfi.h"

#define MADE_UNWIND_OFFSET 0x2000
#define MADE_UNWIND_CODE 0x405000ULL
#define MADE_UNWIND_NAMES "\0.eh_frame\0.shstrtab"

/* The CFA of function i is rsp + this. */
static inline unsigned made_unwind_cfa(unsigned i)
{
	return 8 + 8 * (i % 7 + 1);
}

static inline void made_unwind_put(int fd, const void *data, size_t size, uint64_t offset)
{
	assert_int_equal(pwrite(fd, data, size, (off_t)offset), (ssize_t)size);
}

static inline void made_unwind_cfi(struct made_section *frames, unsigned functions, uint64_t length)
{
	static const struct made_cie cie = {1, "zR", "\x00", 1, 16, 0x78};

	made_cie_as(frames, &cie, BYTES(USUAL));
	for (unsigned i = 0; i < functions; i++) {
		const char program[] = {0x0e, (char)made_unwind_cfa(i)};

		made_fde(frames, MADE_UNWIND_CODE + i * length, length, program, sizeof(program));
	}
}

/* A memfd; `functions` of `length` bytes each: functions + 1 rows. None: no unwind information at all. */
static inline int made_unwind_file(unsigned functions, uint64_t length)
{
	struct made_section frames = {0};
	uint64_t size = functions ? functions * length : 0x1000, at = MADE_UNWIND_OFFSET + size;
	uint64_t table, names;
	const Elf64_Phdr segments[] = {
		{PT_LOAD, PF_R, 0, 0x400000, 0x400000, 0x1000, 0x1000, 0x1000},
		{PT_LOAD, PF_R | PF_X, MADE_UNWIND_OFFSET, MADE_UNWIND_CODE, MADE_UNWIND_CODE, size, size, 0x1000},
	};
	Elf64_Ehdr header = {.e_ident = ELFMAG, .e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_phoff = sizeof(header), .e_ehsize = sizeof(header), .e_phentsize = sizeof(*segments), .e_phnum = 2,
		.e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 3, .e_shstrndx = 2};
	int fd = memfd_create("made", MFD_CLOEXEC);

	assert_true(fd >= 0);
	if (functions)
		made_unwind_cfi(&frames, functions, length);
	names = at + frames.buf.len;
	table = header.e_shoff = names + 64;
	const Elf64_Shdr sections[3] = {
		[1] = {1, SHT_PROGBITS, SHF_ALLOC, 0x800000, at, frames.buf.len, 0, 0, 8, 0},
		[2] = {11, SHT_STRTAB, 0, 0, names, sizeof(MADE_UNWIND_NAMES), 0, 0, 1, 0},
	};

	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	made_unwind_put(fd, &header, sizeof(header), 0);
	made_unwind_put(fd, segments, sizeof(segments), sizeof(header));
	made_unwind_put(fd, frames.buf.data, frames.buf.len, at);
	made_unwind_put(fd, MADE_UNWIND_NAMES, sizeof(MADE_UNWIND_NAMES), names);
	made_unwind_put(fd, sections, sizeof(sections), table);
	buf_release(&frames.buf);
	return fd;
}

#endif
