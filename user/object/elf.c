// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/elf.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM_HEADERS_MAX 4096
#define NOTES_MAX 65536u
#define SECTION_NAMES_MAX (1u << 20)

/* The file header, whatever its class, with the numbers that may live in section 0 put right. */
struct header {
	bool is_64;
	uint64_t phoff, shoff;
	uint16_t phentsize, shentsize;
	uint32_t phnum, shnum, shstrndx;
};

int elf_read(const struct elf *elf, uint64_t offset, void *data, size_t len)
{
	uint8_t *to = data;

	if (offset > elf->size || len > elf->size - offset)
		return -EIO;
	while (len) {
		ssize_t n = pread(elf->fd, to, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EIO;
		to += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static Elf64_Phdr widen_segment(const Elf32_Phdr *in)
{
	return (Elf64_Phdr){
		.p_type = in->p_type, .p_flags = in->p_flags, .p_offset = in->p_offset,
		.p_vaddr = in->p_vaddr, .p_paddr = in->p_paddr, .p_filesz = in->p_filesz,
		.p_memsz = in->p_memsz, .p_align = in->p_align,
	};
}

static Elf64_Shdr widen_section(const Elf32_Shdr *in)
{
	return (Elf64_Shdr){
		.sh_name = in->sh_name, .sh_type = in->sh_type, .sh_flags = in->sh_flags,
		.sh_addr = in->sh_addr, .sh_offset = in->sh_offset, .sh_size = in->sh_size,
		.sh_link = in->sh_link, .sh_info = in->sh_info, .sh_addralign = in->sh_addralign,
		.sh_entsize = in->sh_entsize,
	};
}

static int read_segment(const struct elf *elf, const struct header *header, uint32_t i,
	Elf64_Phdr *out)
{
	uint64_t offset = header->phoff + (uint64_t)i * header->phentsize;
	Elf32_Phdr narrow;
	int err;

	if (header->is_64)
		return elf_read(elf, offset, out, sizeof(*out));
	err = elf_read(elf, offset, &narrow, sizeof(narrow));
	if (!err)
		*out = widen_segment(&narrow);
	return err;
}

static int read_section(const struct elf *elf, const struct header *header, uint32_t i,
	Elf64_Shdr *out)
{
	uint64_t offset = header->shoff + (uint64_t)i * header->shentsize;
	Elf32_Shdr narrow;
	int err;

	if (header->is_64)
		return elf_read(elf, offset, out, sizeof(*out));
	err = elf_read(elf, offset, &narrow, sizeof(narrow));
	if (!err)
		*out = widen_section(&narrow);
	return err;
}

static int header_64(struct elf *elf, struct header *header)
{
	Elf64_Ehdr raw;

	if (elf_read(elf, 0, &raw, sizeof(raw)))
		return -ENOEXEC;
	elf->machine = raw.e_machine;
	elf->type = raw.e_type;
	*header = (struct header){
		.is_64 = true, .phoff = raw.e_phoff, .shoff = raw.e_shoff,
		.phentsize = raw.e_phentsize, .shentsize = raw.e_shentsize,
		.phnum = raw.e_phnum, .shnum = raw.e_shnum, .shstrndx = raw.e_shstrndx,
	};
	return 0;
}

static int header_32(struct elf *elf, struct header *header)
{
	Elf32_Ehdr raw;

	if (elf_read(elf, 0, &raw, sizeof(raw)))
		return -ENOEXEC;
	elf->machine = raw.e_machine;
	elf->type = raw.e_type;
	*header = (struct header){
		.phoff = raw.e_phoff, .shoff = raw.e_shoff,
		.phentsize = raw.e_phentsize, .shentsize = raw.e_shentsize,
		.phnum = raw.e_phnum, .shnum = raw.e_shnum, .shstrndx = raw.e_shstrndx,
	};
	return 0;
}

/* A table of `count` entries at `offset` lies inside the file. */
static bool table_fits(const struct elf *elf, uint64_t offset, uint32_t count, uint16_t entry)
{
	return offset <= elf->size && (uint64_t)count * entry <= elf->size - offset;
}

/* gABI, "ELF Header": numbers that do not fit their field are in section 0. */
static void extend_numbers(const struct elf *elf, struct header *header)
{
	uint16_t entry = header->is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	Elf64_Shdr zero;

	if (!header->shoff || header->shentsize != entry || !table_fits(elf, header->shoff, 1, entry) ||
		read_section(elf, header, 0, &zero)) {
		header->shnum = 0;
		return;
	}
	if (!header->shnum)
		header->shnum = zero.sh_size > UINT32_MAX ? UINT32_MAX : (uint32_t)zero.sh_size;
	if (header->shstrndx == SHN_XINDEX)
		header->shstrndx = zero.sh_link;
	if (header->phnum == PN_XNUM)
		header->phnum = zero.sh_info;
}

static int read_header(struct elf *elf, struct header *header)
{
	uint8_t ident[EI_NIDENT];
	int err;

	if (elf_read(elf, 0, ident, sizeof(ident)) || memcmp(ident, ELFMAG, SELFMAG) ||
		ident[EI_DATA] != ELFDATA2LSB || ident[EI_VERSION] != EV_CURRENT)
		return -ENOEXEC;
	elf->class = ident[EI_CLASS];
	if (ident[EI_CLASS] == ELFCLASS64)
		err = header_64(elf, header);
	else if (ident[EI_CLASS] == ELFCLASS32)
		err = header_32(elf, header);
	else
		err = -ENOEXEC;
	if (!err)
		extend_numbers(elf, header);
	return err;
}

static bool is_build_id(const Elf64_Nhdr *note, const uint8_t *name)
{
	return note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && !memcmp(name, "GNU", 4) &&
		note->n_descsz && note->n_descsz <= sizeof(((struct elf *)0)->build_id);
}

/* gABI, "Note Section": name and descriptor are padded to 4 bytes, to 8 where the segment says so. */
static void scan_notes(struct elf *elf, const uint8_t *data, size_t size, size_t align)
{
	size_t at = 0;

	while (size - at >= sizeof(Elf64_Nhdr)) {
		size_t left = size - at - sizeof(Elf64_Nhdr), name, desc;
		const uint8_t *body = data + at + sizeof(Elf64_Nhdr);
		Elf64_Nhdr note;

		memcpy(&note, data + at, sizeof(note));
		name = (sizeof(note) + note.n_namesz + align - 1) / align * align - sizeof(note);
		if (name > left || note.n_descsz > left - name)
			return;
		if (is_build_id(&note, body)) {
			memcpy(elf->build_id, body + name, note.n_descsz);
			elf->build_id_size = (uint8_t)note.n_descsz;
			return;
		}
		desc = (note.n_descsz + align - 1) / align * align;
		if (desc > left - name)
			return;
		at += sizeof(note) + name + desc;
	}
}

/* Notes that cannot be read are a file without a build id. -ENOMEM only. */
static int read_notes(struct elf *elf, uint64_t offset, uint64_t size, uint64_t align)
{
	uint8_t *data;

	if (elf->build_id_size || !size || size > NOTES_MAX)
		return 0;
	data = malloc(size);
	if (!data)
		return -ENOMEM;
	if (!elf_read(elf, offset, data, size))
		scan_notes(elf, data, size, align == 8 ? 8 : 4);
	free(data);
	return 0;
}

static int keep_segment(struct elf *elf, const Elf64_Phdr *segment)
{
	if (segment->p_filesz > segment->p_memsz || segment->p_offset + segment->p_filesz < segment->p_offset ||
		segment->p_vaddr + segment->p_memsz < segment->p_vaddr)
		return -ENOEXEC;
	if (elf->n_segments == ELF_SEGMENTS_MAX)
		return -ENOEXEC;
	elf->segments[elf->n_segments++] = *segment;
	return 0;
}

static int read_segments(struct elf *elf, const struct header *header)
{
	uint16_t entry = header->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	uint32_t room = header->phnum < ELF_SEGMENTS_MAX ? header->phnum : ELF_SEGMENTS_MAX;
	int err = 0;

	if (!header->phnum)
		return 0;
	if (header->phnum > PROGRAM_HEADERS_MAX || header->phentsize != entry ||
		!table_fits(elf, header->phoff, header->phnum, entry))
		return -ENOEXEC;
	elf->segments = calloc(room, sizeof(*elf->segments));
	if (!elf->segments)
		return -ENOMEM;
	for (uint32_t i = 0; i < header->phnum && !err; i++) {
		Elf64_Phdr segment;

		err = read_segment(elf, header, i, &segment);
		if (!err && segment.p_type == PT_LOAD)
			err = keep_segment(elf, &segment);
		else if (!err && segment.p_type == PT_GNU_EH_FRAME)
			elf->eh_frame_hdr = segment;
		else if (!err && segment.p_type == PT_NOTE)
			err = read_notes(elf, segment.p_offset, segment.p_filesz, segment.p_align);
	}
	return err;
}

static int read_section_names(struct elf *elf, uint32_t index)
{
	const Elf64_Shdr *table;

	if (index >= elf->n_sections)
		return 0;
	table = &elf->sections[index];
	if (table->sh_type != SHT_STRTAB || !table->sh_size || table->sh_size > SECTION_NAMES_MAX)
		return 0;
	elf->section_names = malloc(table->sh_size + 1);
	if (!elf->section_names)
		return -ENOMEM;
	if (elf_read(elf, table->sh_offset, elf->section_names, table->sh_size)) {
		free(elf->section_names);
		elf->section_names = NULL;
		return 0;
	}
	elf->section_names[table->sh_size] = 0;
	elf->section_names_len = table->sh_size;
	return 0;
}

/* A file whose section table is cut off or absurd is one without sections: its segments still hold. */
static int read_sections(struct elf *elf, const struct header *header)
{
	uint16_t entry = header->is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);

	if (!header->shnum || header->shnum > ELF_SECTIONS_MAX ||
		!table_fits(elf, header->shoff, header->shnum, entry))
		return 0;
	elf->sections = calloc(header->shnum, sizeof(*elf->sections));
	if (!elf->sections)
		return -ENOMEM;
	for (uint32_t i = 0; i < header->shnum; i++) {
		int err = read_section(elf, header, i, &elf->sections[i]);

		if (err)
			return err;
	}
	elf->n_sections = header->shnum;
	return read_section_names(elf, header->shstrndx);
}

static int read_section_notes(struct elf *elf)
{
	const Elf64_Shdr *named = elf_section(elf, ".note.gnu.build-id");
	int err = 0;

	if (named && named->sh_type == SHT_NOTE)
		err = read_notes(elf, named->sh_offset, named->sh_size, named->sh_addralign);
	for (uint32_t i = 0; i < elf->n_sections && !elf->build_id_size && !err; i++) {
		const Elf64_Shdr *section = &elf->sections[i];

		if (section->sh_type == SHT_NOTE)
			err = read_notes(elf, section->sh_offset, section->sh_size, section->sh_addralign);
	}
	return err;
}

int elf_init(struct elf *elf, int fd)
{
	struct header header = {0};
	struct stat st;
	int err;

	*elf = (struct elf){0};
	if (fstat(fd, &st))
		return -EIO;
	if (!S_ISREG(st.st_mode) || BYTE_ORDER != LITTLE_ENDIAN)
		return -ENOEXEC;
	elf->fd = fd;
	elf->size = (uint64_t)st.st_size;
	err = read_header(elf, &header);
	if (!err)
		err = read_segments(elf, &header);
	if (!err)
		err = read_sections(elf, &header);
	if (!err && !elf->build_id_size)
		err = read_section_notes(elf);
	if (err)
		elf_release(elf);
	return err;
}

void elf_release(struct elf *elf)
{
	free(elf->segments);
	free(elf->sections);
	free(elf->section_names);
	*elf = (struct elf){0};
}

const Elf64_Phdr *elf_segment_of_offset(const struct elf *elf, uint64_t offset)
{
	const Elf64_Phdr *found = NULL;

	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];

		if (offset < segment->p_offset || offset - segment->p_offset >= segment->p_filesz)
			continue;
		if (!found || (segment->p_flags & PF_X && !(found->p_flags & PF_X)))
			found = segment;
	}
	return found;
}

int elf_address_of_offset(const struct elf *elf, uint64_t offset, uint64_t *address)
{
	const Elf64_Phdr *segment = elf_segment_of_offset(elf, offset);

	if (!segment)
		return -ENOENT;
	*address = segment->p_vaddr + (offset - segment->p_offset);
	return 0;
}

int elf_offset_of_address(const struct elf *elf, uint64_t address, uint64_t *offset, uint64_t *left)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];
		uint64_t at = address - segment->p_vaddr;

		if (address < segment->p_vaddr || at >= segment->p_filesz)
			continue;
		*offset = segment->p_offset + at;
		*left = segment->p_filesz - at;
		return 0;
	}
	return -ENOENT;
}

const Elf64_Shdr *elf_section(const struct elf *elf, const char *name)
{
	for (uint32_t i = 1; elf->section_names && i < elf->n_sections; i++) {
		const Elf64_Shdr *section = &elf->sections[i];

		if (section->sh_name < elf->section_names_len &&
			!strcmp(elf->section_names + section->sh_name, name))
			return section;
	}
	return NULL;
}

const Elf64_Shdr *elf_section_of_type(const struct elf *elf, uint32_t type)
{
	for (uint32_t i = 1; i < elf->n_sections; i++)
		if (elf->sections[i].sh_type == type)
			return &elf->sections[i];
	return NULL;
}
