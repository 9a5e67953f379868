// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/dwarf_file.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define COMPRESS_ZSTD 2 /* ELFCOMPRESS_ZSTD: not in the headers of glibc 2.36 */

static int keep_inflated(struct dwarf_file *file, void *data, size_t size)
{
	void **kept = reallocarray(file->inflated, file->n_inflated + 1, sizeof(*kept));

	if (!kept)
		return -ENOMEM;
	file->inflated = kept;
	kept[file->n_inflated++] = data;
	file->inflated_size += size;
	return 0;
}

/* libelf keeps copies of the section headers (elf_begin.c: "We need a copy to be able to write") for ELF_C_READ_MMAP:
 * what libdw sees is a section that was never compressed. */
static int replace(struct dwarf_file *file, Elf_Scn *section, GElf_Shdr *header, Elf_Data *data, void *plain, size_t size)
{
	int err = keep_inflated(file, plain, size);

	if (err)
		return err;
	header->sh_flags &= ~(uint64_t)SHF_COMPRESSED;
	header->sh_size = size;
	if (!gelf_update_shdr(section, header))
		return -ENOEXEC;
	data->d_buf = plain;
	data->d_size = size;
	data->d_type = ELF_T_BYTE;
	return 0;
}

static int inflate(struct dwarf_file *file, Elf_Scn *section, GElf_Shdr *header, const GElf_Chdr *how)
{
	size_t head = gelf_getclass(file->elf) == ELFCLASS64 ? sizeof(Elf64_Chdr) : sizeof(Elf32_Chdr), size;
	Elf_Data *data = elf_getdata(section, NULL);
	void *plain;
	int err;

	if (!data || !data->d_buf || data->d_size < head)
		return 0;
	if (how->ch_size > DWARF_INFLATED_MAX - file->inflated_size)
		return -ENOMEM;
	plain = malloc(how->ch_size + !how->ch_size);
	if (!plain)
		return -ENOMEM;
	size = ZSTD_decompress(plain, how->ch_size, (const char *)data->d_buf + head, data->d_size - head);
	err = ZSTD_isError(size) || size != how->ch_size ? -ENOEXEC :
							    replace(file, section, header, data, plain, size);
	if (err)
		free(plain);
	return err;
}

static int inflate_all(struct dwarf_file *file)
{
	Elf_Scn *section = NULL;
	int err = 0;

	while (!err && (section = elf_nextscn(file->elf, section))) {
		GElf_Shdr header;
		GElf_Chdr how;

		if (gelf_getshdr(section, &header) && header.sh_flags & SHF_COMPRESSED &&
			gelf_getchdr(section, &how) && how.ch_type == COMPRESS_ZSTD)
			err = inflate(file, section, &header, &how);
	}
	return err;
}

static void find_code(struct dwarf_file *file)
{
	Elf_Scn *section = NULL;

	while (file->n_code < DWARF_CODE_MAX && (section = elf_nextscn(file->elf, section))) {
		GElf_Shdr header;

		if (gelf_getshdr(section, &header) && header.sh_flags & SHF_ALLOC &&
			header.sh_flags & SHF_EXECINSTR && header.sh_addr + header.sh_size >= header.sh_addr)
			file->code[file->n_code++] =
				(struct dwarf_code){header.sh_addr, header.sh_addr + header.sh_size};
	}
}

int dwarf_file_init(struct dwarf_file *file, int fd)
{
	int err;

	*file = (struct dwarf_file){0};
	elf_version(EV_CURRENT);
	file->elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!file->elf || elf_kind(file->elf) != ELF_K_ELF) {
		dwarf_file_release(file);
		return -ENOEXEC;
	}
	err = inflate_all(file);
	if (err) {
		dwarf_file_release(file);
		return err;
	}
	find_code(file);
	file->dwarf = dwarf_begin_elf(file->elf, DWARF_C_READ, NULL);
	if (file->dwarf)
		return 0;
	dwarf_file_release(file);
	return -ENODATA;
}

void dwarf_file_release(struct dwarf_file *file)
{
	if (file->dwarf)
		dwarf_end(file->dwarf);
	if (file->alt)
		dwarf_file_release(file->alt);
	free(file->alt);
	if (file->elf)
		elf_end(file->elf);
	for (size_t i = 0; i < file->n_inflated; i++)
		free(file->inflated[i]);
	free(file->inflated);
	*file = (struct dwarf_file){0};
}

const char *dwarf_file_alt_path(const struct dwarf_file *file)
{
	const char *path;
	const void *id;

	return dwelf_dwarf_gnu_debugaltlink(file->dwarf, &path, &id) > 0 ? path : NULL;
}

static bool is_alt(const struct dwarf_file *file, Elf *elf)
{
	const void *wanted, *is;
	const char *path;
	ssize_t len = dwelf_dwarf_gnu_debugaltlink(file->dwarf, &path, &wanted);

	return len > 0 && dwelf_elf_gnu_build_id(elf, &is) == len && !memcmp(is, wanted, (size_t)len);
}

int dwarf_file_set_alt(struct dwarf_file *file, int fd)
{
	struct dwarf_file *alt = malloc(sizeof(*alt));
	int err = alt ? dwarf_file_init(alt, fd) : -ENOMEM;

	if (!err && !is_alt(file, alt->elf)) {
		dwarf_file_release(alt);
		err = -ESTALE;
	}
	if (err) {
		free(alt);
		return err;
	}
	file->alt = alt;
	dwarf_setalt(file->dwarf, alt->dwarf);
	return 0;
}

bool dwarf_file_is_code(const struct dwarf_file *file, uint64_t address)
{
	for (size_t i = 0; i < file->n_code; i++)
		if (address >= file->code[i].start && address < file->code[i].end)
			return true;
	return !file->n_code && address;
}
