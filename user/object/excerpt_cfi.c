// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "object/cfi.h"
#include "object/excerpt.h"
#include "object/unwind_sources.h"

#define EXTENDED_LENGTH 0xffffffffu

/* One section's bytes in memory, and where they are. */
struct section {
	uint8_t *data;
	uint64_t offset, size, address;
	bool eh;       /* .eh_frame */
	bool to_zeros; /* a zero length ends it */
};

struct scan {
	struct excerpt *excerpt;
	bool wanted; /* the entry covers a wanted address */
};

static int on_range(void *context, uint64_t start, uint64_t end)
{
	struct scan *scan = context;

	scan->wanted |= excerpt_wants(scan->excerpt, start, end);
	return 0;
}

static int on_row(void *context, uint64_t start, const struct abi_rule *rule)
{
	(void)context;
	(void)start;
	(void)rule;
	return 0;
}

static int load(const struct elf *elf, struct section *section)
{
	if (!section->size || section->size > UNWIND_SECTION_MAX || section->size > elf->size)
		return -ENODATA;
	section->data = malloc(section->size);
	if (!section->data)
		return -ENOMEM;
	if (!elf_read(elf, section->offset, section->data, section->size))
		return 0;
	free(section->data);
	return -ENODATA;
}

/* The entry at `at`: where the next one is, and whether it is a CIE. False: it leaves the section. */
static bool measure(const struct section *section, uint64_t at, uint64_t *next, bool *is_cie)
{
	struct cursor cursor = cursor_over(section->data + at, section->size - at);
	uint64_t length = cursor_unsigned(&cursor, 4), id;
	size_t word = 4;

	if (length == EXTENDED_LENGTH) {
		length = cursor_unsigned(&cursor, 8);
		word = 8;
	}
	if (cursor.bad || length > cursor_left(&cursor))
		return false;
	*next = (uint64_t)(cursor.at - section->data) + length;
	id = length ? cursor_unsigned(&cursor, word) : 0;
	*is_cie = section->eh ? !id : id == (word == 8 ? UINT64_MAX : UINT32_MAX);
	return true;
}

static int keep_entries(struct excerpt *excerpt, const struct elf *elf, const struct section *section, struct cfi *cfi)
{
	struct scan scan = {.excerpt = excerpt};
	const struct row_sink sink = {on_range, on_row, &scan};
	uint64_t next;
	bool is_cie, any = false;
	int err = 0;

	for (uint64_t at = 0; at < section->size && !err; at = next) {
		if (!measure(section, at, &next, &is_cie))
			return 0;
		if (next - at == 4 && section->to_zeros)
			return 0;
		if (next - at == 4)
			continue;
		scan.wanted = is_cie || !any;
		if (!is_cie)
			err = cfi_rows_at(cfi, at, &sink);
		any |= !is_cie;
		if (scan.wanted)
			excerpt_add(excerpt, elf, section->offset + at, next - at);
	}
	return err;
}

static int keep_section(struct excerpt *excerpt, const struct elf *elf, struct section *section)
{
	struct cfi_bases bases = {.address = section->address};
	const Elf64_Shdr *text = elf_section(elf, ".text"), *got = elf_section(elf, ".got");
	struct cfi cfi;
	int err = load(elf, section);

	if (err)
		return err == -ENOMEM ? err : 0;
	bases.data = section->data;
	bases.text = text ? text->sh_addr : 0;
	bases.got = got ? got->sh_addr : 0;
	cfi_init(&cfi, section->data, section->size, section->eh, &bases);
	err = keep_entries(excerpt, elf, section, &cfi);
	cfi_release(&cfi);
	free(section->data);
	return err;
}

static int keep_named(struct excerpt *excerpt, const struct elf *elf, const char *name, bool eh)
{
	const Elf64_Shdr *found = elf_section(elf, name);
	struct section section;

	if (!found || found->sh_type == SHT_NOBITS || found->sh_flags & SHF_COMPRESSED)
		return 0;
	section = (struct section){.offset = found->sh_offset, .size = found->sh_size, .address = found->sh_addr,
		.eh = eh};
	return keep_section(excerpt, elf, &section);
}

/* From an address to its segment's end in the file. */
static bool rest_of_segment(const struct elf *elf, uint64_t address, struct section *section)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];
		uint64_t skip = address - segment->p_vaddr;

		if (address < segment->p_vaddr || skip >= segment->p_filesz)
			continue;
		*section = (struct section){.offset = segment->p_offset + skip, .size = segment->p_filesz - skip,
			.address = address, .eh = true, .to_zeros = true};
		return true;
	}
	return false;
}

/* A file without sections: .eh_frame_hdr (LSB 5) says where .eh_frame is, and its table is what is read of it. */
static int keep_by_hdr(struct excerpt *excerpt, const struct elf *elf)
{
	const Elf64_Phdr *segment = &elf->eh_frame_hdr;
	struct section hdr = {.offset = segment->p_offset, .size = segment->p_filesz}, section;
	struct cfi_bases bases = {.address = segment->p_vaddr, .got = segment->p_vaddr};
	struct cursor cursor;
	uint64_t address;
	int err = load(elf, &hdr);
	bool found;

	if (err)
		return err == -ENOMEM ? err : 0;
	bases.data = hdr.data;
	cursor = cursor_over(hdr.data, hdr.size);
	cursor_take(&cursor, 4);
	found = hdr.size > 4 && !cfi_pointer_read(&cursor, hdr.data[1], &bases, &address) &&
		rest_of_segment(elf, address, &section);
	free(hdr.data);
	excerpt_add(excerpt, elf, hdr.offset, hdr.size);
	return found ? keep_section(excerpt, elf, &section) : 0;
}

int excerpt_cfi(struct excerpt *excerpt, const struct elf *elf)
{
	const Elf64_Shdr *section = elf_section(elf, ".eh_frame");
	int err;

	if (section && section->sh_type != SHT_NOBITS)
		err = keep_named(excerpt, elf, ".eh_frame", true);
	else
		err = keep_by_hdr(excerpt, elf);
	return err ? err : keep_named(excerpt, elf, ".debug_frame", false);
}
