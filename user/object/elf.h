/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of an ELF file (System V gABI, chapters 4 and 5) that we need, read with pread from a descriptor: the
 * file is hostile, can change or shrink while it is read, and is never mapped. 64-bit little endian, and 32-bit
 * little endian for headers and symbols.
 */
#ifndef PROFOUND_ELF_H
#define PROFOUND_ELF_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS_MAX 128
#define ELF_SECTIONS_MAX 4096

struct elf {
	int fd; /* not owned */
	uint64_t size;
	uint16_t machine, type;
	uint8_t class; /* ELFCLASS64 or ELFCLASS32 */
	Elf64_Phdr *segments; /* PT_LOAD only, as they stand */
	uint32_t n_segments;
	Elf64_Phdr eh_frame_hdr; /* PT_GNU_EH_FRAME; p_filesz 0: none */
	Elf64_Shdr *sections;
	uint32_t n_sections;
	char *section_names; /* NUL-terminated */
	size_t section_names_len;
	uint8_t build_id[20];
	uint8_t build_id_size; /* 0: none */
};

/* 0; -ENOEXEC when it is no ELF file or one that contradicts itself; -EIO; -ENOMEM. On failure *elf is zeroed. */
int elf_init(struct elf *elf, int fd);
void elf_release(struct elf *elf);

/* The PT_LOAD segment that maps a file offset, of several one that is executable. NULL: none. */
const Elf64_Phdr *elf_segment_of_offset(const struct elf *elf, uint64_t offset);

/* The virtual address of a file offset, through the PT_LOAD segments. 0, or -ENOENT when no segment covers it. */
int elf_address_of_offset(const struct elf *elf, uint64_t offset, uint64_t *address);

/* The file offset of a virtual address, and how many bytes follow it there. 0, or -ENOENT. */
int elf_offset_of_address(const struct elf *elf, uint64_t address, uint64_t *offset, uint64_t *left);

/* By name or by type; NULL: none. */
const Elf64_Shdr *elf_section(const struct elf *elf, const char *name);
const Elf64_Shdr *elf_section_of_type(const struct elf *elf, uint32_t type);

/* Reads [offset, offset + len) of the file whole. 0 or -EIO. */
int elf_read(const struct elf *elf, uint64_t offset, void *data, size_t len);

#endif
