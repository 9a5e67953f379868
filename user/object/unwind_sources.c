// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/unwind_sources.h"

#include <errno.h>
#include <stdlib.h>

#include "object/cfi.h"
#include "object/crtbegin.h"
#include "object/gopclntab.h"
#include "object/linker_code.h"
#include "object/musl_start.h"

/* Bytes of the file, and where they are at run time. */
struct part {
	uint8_t *data;
	uint64_t size, address;
};

static int read_part(const struct elf *elf, uint64_t offset, struct part *part)
{
	int err;

	if (part->size > elf->size)
		return -EIO;
	part->data = malloc(part->size);
	if (!part->data)
		return -ENOMEM;
	err = elf_read(elf, offset, part->data, part->size);
	if (err) {
		free(part->data);
		part->data = NULL;
	}
	return err;
}

static uint64_t section_address(const struct elf *elf, const char *name)
{
	const Elf64_Shdr *section = elf_section(elf, name);

	return section ? section->sh_addr : 0;
}

static struct cfi_bases bases_of(const struct elf *elf, const struct part *part)
{
	return (struct cfi_bases){.data = part->data,
		.address = part->address,
		.text = section_address(elf, ".text"),
		.got = section_address(elf, ".got")};
}

static void take_notes(const struct cfi *cfi, struct unwind_notes *notes)
{
	notes->broken += cfi->broken;
	notes->limited += cfi->limited;
}

/* One section's rows. 0 also when there is none that can be used. */
static int read_section(const struct elf *elf, const char *name, bool eh,
	const struct row_sink *sink, struct unwind_notes *notes)
{
	const Elf64_Shdr *section = elf_section(elf, name);
	struct cfi_bases bases;
	struct part part;
	struct cfi cfi;
	int err;

	if (!section || section->sh_type == SHT_NOBITS || !section->sh_size)
		return 0;
	if (section->sh_flags & SHF_COMPRESSED || section->sh_size > UNWIND_SECTION_MAX) {
		notes->skipped++;
		return 0;
	}
	part = (struct part){.size = section->sh_size, .address = section->sh_addr};
	err = read_part(elf, section->sh_offset, &part);
	if (err)
		return err;
	bases = bases_of(elf, &part);
	cfi_init(&cfi, part.data, part.size, eh, &bases);
	err = cfi_rows(&cfi, false, sink);
	take_notes(&cfi, notes);
	cfi_release(&cfi);
	free(part.data);
	return err;
}

/* From an address to the end of its segment in the file. 0; -ENOENT; -EIO; -ENOMEM. */
static int read_from(const struct elf *elf, uint64_t address, struct part *part)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];
		uint64_t skip = address - segment->p_vaddr;

		if (address < segment->p_vaddr || skip >= segment->p_filesz)
			continue;
		*part = (struct part){.size = segment->p_filesz - skip, .address = address};
		if (part->size > UNWIND_SECTION_MAX)
			part->size = UNWIND_SECTION_MAX;
		return read_part(elf, segment->p_offset + skip, part);
	}
	return -ENOENT;
}

/* .eh_frame_hdr (LSB 5): version 1, three encodings, where .eh_frame is, how many FDEs, then a
 * sorted table. */
struct hdr {
	struct cursor table;
	struct cfi_bases bases;
	uint8_t encoding; /* of the table, POINTER_OMIT: there is none */
	uint64_t eh_frame, count;
};

static int parse_hdr(const struct part *part, struct hdr *hdr)
{
	struct cursor cursor = cursor_over(part->data, part->size);
	uint8_t version = (uint8_t)cursor_unsigned(&cursor, 1);
	uint8_t where = (uint8_t)cursor_unsigned(&cursor, 1);
	uint8_t count = (uint8_t)cursor_unsigned(&cursor, 1);

	hdr->encoding = (uint8_t)cursor_unsigned(&cursor, 1);
	hdr->bases = (struct cfi_bases){
		.data = part->data, .address = part->address, .got = part->address};
	if (version != 1 || cfi_pointer_read(&cursor, where, &hdr->bases, &hdr->eh_frame))
		return -EINVAL;
	if (count == POINTER_OMIT || cfi_pointer_read(&cursor, count, &hdr->bases, &hdr->count))
		hdr->encoding = POINTER_OMIT;
	hdr->table = cursor;
	return 0;
}

static int table_rows(struct cfi *cfi, struct hdr *hdr, const struct row_sink *sink)
{
	for (uint64_t i = 0; i < hdr->count; i++) {
		uint64_t start, fde;
		int err;

		if (cfi_pointer_read(&hdr->table, hdr->encoding, &hdr->bases, &start) ||
			cfi_pointer_read(&hdr->table, hdr->encoding, &hdr->bases, &fde)) {
			cfi->broken++;
			return 0;
		}
		err = cfi_rows_at(cfi, fde - cfi->bases.address, sink);
		if (err)
			return err;
	}
	return 0;
}

/* By the table where there is one; else up to the terminator, since nothing says where .eh_frame
 * ends. */
static int hdr_rows(const struct elf *elf, struct hdr *hdr, const struct row_sink *sink,
	struct unwind_notes *notes)
{
	struct cfi_bases bases;
	struct part part;
	struct cfi cfi;
	int err = read_from(elf, hdr->eh_frame, &part);

	if (err)
		return err;
	bases = bases_of(elf, &part);
	cfi_init(&cfi, part.data, part.size, true, &bases);
	err = hdr->encoding == POINTER_OMIT ? cfi_rows(&cfi, true, sink)
					    : table_rows(&cfi, hdr, sink);
	take_notes(&cfi, notes);
	cfi_release(&cfi);
	free(part.data);
	return err;
}

static int read_by_hdr(
	const struct elf *elf, const struct row_sink *sink, struct unwind_notes *notes)
{
	const Elf64_Phdr *segment = &elf->eh_frame_hdr;
	struct part part = {.size = segment->p_filesz, .address = segment->p_vaddr};
	struct hdr hdr;
	int err;

	if (!part.size)
		return 0;
	if (part.size > UNWIND_SECTION_MAX) {
		notes->skipped++;
		return 0;
	}
	err = read_part(elf, segment->p_offset, &part);
	if (err)
		return err;
	if (parse_hdr(&part, &hdr))
		notes->broken++;
	else
		err = hdr_rows(elf, &hdr, sink, notes);
	free(part.data);
	return err;
}

static int read_eh_frame(
	const struct elf *elf, const struct row_sink *sink, struct unwind_notes *notes)
{
	const Elf64_Shdr *section = elf_section(elf, ".eh_frame");

	if (section && section->sh_type != SHT_NOBITS)
		return read_section(elf, ".eh_frame", true, sink, notes);
	return read_by_hdr(elf, sink, notes);
}

static int read_go(const struct elf *elf, const struct row_sink *sink, struct unwind_notes *notes)
{
	(void)notes;
	return gopclntab_rows(elf, sink);
}

static int read_debug_frame(
	const struct elf *elf, const struct row_sink *sink, struct unwind_notes *notes)
{
	return read_section(elf, ".debug_frame", false, sink, notes);
}

static int read_linker_code(
	const struct elf *elf, const struct row_sink *sink, struct unwind_notes *notes)
{
	int err = crtbegin_rows(elf, sink);

	(void)notes;
	if (!err)
		err = linker_code_rows(elf, sink);
	return err ? err : musl_start_rows(elf, sink);
}

/* No entry point's code is longer. */
#define ENTRY_BYTES 48

/* ld.so's and musl's _start have no FDE, and no caller: the process begins there. */
static int read_entry(const struct elf *elf, const struct row_sink *sink, struct unwind_notes *notes)
{
	const struct abi_rule end = {.cfa = CFA_END};
	Elf64_Ehdr header;
	int err = elf_read(elf, 0, &header, sizeof(header));

	(void)notes;
	if (err || !header.e_entry)
		return err;
	err = sink->range(sink->context, header.e_entry, header.e_entry + ENTRY_BYTES);
	return err ? err : sink->row(sink->context, header.e_entry, &end);
}

/* By falling rank. */
static int (*const sources[])(const struct elf *elf, const struct row_sink *sink,
	struct unwind_notes *notes) = {read_eh_frame, read_go, read_debug_frame, read_linker_code,
	read_entry};

int unwind_sources_read(const struct elf *elf, struct row_set *set, struct unwind_notes *notes)
{
	const struct row_sink sink = row_set_sink(set);

	for (unsigned i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		int err = sources[i](elf, &sink, notes);

		/* What one source lacks or cannot be read of, another may have. */
		if (err == -ENOMEM)
			return err;
		err = row_set_settle(set);
		if (err)
			return err;
	}
	return 0;
}

int unwind_sources_cfi(const struct elf *elf, const struct row_sink *sink)
{
	struct unwind_notes notes = {0};
	int err = read_eh_frame(elf, sink, &notes);

	if (!err || err == -EIO || err == -ENOENT)
		err = read_debug_frame(elf, sink, &notes);
	return err == -EIO || err == -ENOENT ? 0 : err;
}
