// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/go_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_MAX (256u << 20)
#define SCAN_MAX (256u << 20) /* bytes of a segment that are searched for a header, or for moduledata */
#define RELOCATIONS_MAX (16u << 20)
#define RELOCATIONS_READ 2048u

/* moduledata, the same in 1.16.15 to 1.26.8: pcHeader, six slices, findfunctab, minpc, maxpc, text, etext. */
enum { MODULE_MINPC = 160, MODULE_MAXPC = 168, MODULE_TEXT = 176, MODULE_ETEXT = 184, MODULE_SIZE = 192 };

enum { HEADER_SIZE = 72 };

static uint32_t u32_at(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint64_t u64_at(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* Magic, two zeros, quantum 1, pointers of 8 bytes. */
static bool is_header(const uint8_t *at)
{
	static const uint8_t rest[] = {0, 0, 1, 8};
	uint32_t magic = u32_at(at);

	return (magic == GO_1_16 || magic == GO_1_18 || magic == GO_1_20) && !memcmp(at + 4, rest, sizeof(rest));
}

/* Writes R_X86_64_RELATIVE's results into a copy of what lies at `address`: a PIE may hold zeros there. */
static void relocate_from(const struct elf *elf, const Elf64_Shdr *section, uint64_t address, uint8_t *data,
	size_t size)
{
	uint64_t count = section->sh_size / sizeof(Elf64_Rela);
	static const uint64_t most = RELOCATIONS_READ;
	Elf64_Rela *block = malloc(most * sizeof(*block));

	for (uint64_t i = 0; block && i < count && i < RELOCATIONS_MAX; i += most) {
		uint64_t n = count - i < most ? count - i : most;

		if (elf_read(elf, section->sh_offset + i * sizeof(*block), block, n * sizeof(*block)))
			break;
		for (uint64_t k = 0; k < n; k++) {
			uint64_t at = block[k].r_offset - address;

			if (ELF64_R_TYPE(block[k].r_info) == R_X86_64_RELATIVE && size >= 8 && at <= size - 8)
				memcpy(data + at, &block[k].r_addend, sizeof(block[k].r_addend));
		}
	}
	free(block);
}

static void relocate(const struct elf *elf, uint64_t address, uint8_t *data, size_t size)
{
	uint32_t used = 0;

	if (elf->type != ET_DYN)
		return;
	for (uint32_t i = 0; i < elf->n_sections && used < 4; i++) {
		const Elf64_Shdr *section = &elf->sections[i];

		if (section->sh_type != SHT_RELA || !(section->sh_flags & SHF_ALLOC))
			continue;
		relocate_from(elf, section, address, data, size);
		used++;
	}
}

static bool parse_header(struct go_table *table)
{
	const uint8_t *at = table->data;
	uint64_t functions, names, pctab, functab, entry, words;

	if (table->size < HEADER_SIZE || !is_header(at))
		return false;
	table->magic = u32_at(at);
	words = table->magic == GO_1_16 ? 24 : 32;
	entry = table->magic == GO_1_16 ? 8 : 4;
	functions = u64_at(at + 8);
	names = u64_at(at + words);
	pctab = u64_at(at + words + 24);
	functab = u64_at(at + words + 32);
	if (!functions || functions > GO_FUNCTIONS_MAX || names >= table->size || pctab >= table->size ||
		functab >= table->size || (functions * 2 + 1) * entry > table->size - functab)
		return false;
	table->n_functions = (uint32_t)functions;
	table->names = names;
	table->pctab = pctab;
	table->functab = functab;
	return true;
}

/* functab's entry i as it stands; i may be n_functions: the end of the last one. */
static uint64_t entry_at(const struct go_table *table, uint32_t i)
{
	const uint8_t *at = table->data + table->functab;

	return table->magic == GO_1_16 ? u64_at(at + (size_t)i * 16) : u32_at(at + (size_t)i * 8);
}

static bool is_code(const struct elf *elf, uint64_t start, uint64_t end)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];

		if (segment->p_flags & PF_X && start >= segment->p_vaddr && start < end &&
			end - segment->p_vaddr <= segment->p_memsz)
			return true;
	}
	return false;
}

static bool text_fits(const struct go_table *table, const struct elf *elf, uint64_t text)
{
	return is_code(elf, text + entry_at(table, 0), text + entry_at(table, table->n_functions));
}

/* A moduledata points to the header and says what functab says of the first and the last address. */
static bool is_module(const struct go_table *table, uint64_t address, const uint8_t *at)
{
	uint64_t text = u64_at(at + MODULE_TEXT), low = u64_at(at + MODULE_MINPC), high = u64_at(at + MODULE_MAXPC);

	return u64_at(at) == address && low == text + entry_at(table, 0) &&
		high == text + entry_at(table, table->n_functions) && high <= u64_at(at + MODULE_ETEXT);
}

/* The data of a segment. NULL: too large, unreadable or no memory. */
static uint8_t *read_segment_data(const struct elf *elf, const Elf64_Phdr *segment)
{
	uint8_t *data = segment->p_filesz <= SCAN_MAX && segment->p_filesz <= elf->size ?
		malloc(segment->p_filesz + 1) : NULL;

	if (data && elf_read(elf, segment->p_offset, data, segment->p_filesz)) {
		free(data);
		return NULL;
	}
	return data;
}

static bool text_in_segment(struct go_table *table, const struct elf *elf, const Elf64_Phdr *segment,
	uint64_t address)
{
	uint8_t *data = read_segment_data(elf, segment);
	bool found = false;

	if (!data)
		return false;
	relocate(elf, segment->p_vaddr, data, segment->p_filesz);
	for (size_t at = -segment->p_vaddr & 7; !found && at + MODULE_SIZE <= segment->p_filesz; at += 8) {
		found = is_module(table, address, data + at) && text_fits(table, elf, u64_at(data + at + MODULE_TEXT));
		if (found)
			table->text = u64_at(data + at + MODULE_TEXT);
	}
	free(data);
	return found;
}

static bool find_text(struct go_table *table, const struct elf *elf, uint64_t address)
{
	uint64_t stated = u64_at(table->data + 24);

	if (table->magic == GO_1_16)
		return text_fits(table, elf, 0);
	if (stated && text_fits(table, elf, stated)) {
		table->text = stated;
		return true;
	}
	for (uint32_t i = 0; i < elf->n_segments; i++)
		if (elf->segments[i].p_flags & PF_W && text_in_segment(table, elf, &elf->segments[i], address))
			return true;
	return false;
}

/* Takes the bytes at [offset, offset + size) as the table. False: it is none; *table holds no memory then. */
static bool take(struct go_table *table, const struct elf *elf, uint64_t offset, uint64_t size)
{
	uint64_t address;

	*table = (struct go_table){0};
	size = size < TABLE_MAX ? size : TABLE_MAX;
	if (offset > elf->size || size > elf->size - offset || size < HEADER_SIZE ||
		elf_address_of_offset(elf, offset, &address))
		return false;
	table->data = malloc(size);
	table->size = size;
	if (table->data && !elf_read(elf, offset, table->data, size) && is_header(table->data)) {
		relocate(elf, address, table->data, size);
		if (parse_header(table) && find_text(table, elf, address))
			return true;
	}
	go_table_release(table);
	return false;
}

/* The header starts at a multiple of 8 (1.26.8), of 32 before. */
static bool scan_segment(struct go_table *table, const struct elf *elf, const Elf64_Phdr *segment)
{
	uint8_t *data = read_segment_data(elf, segment);
	size_t tries = 0;
	bool found = false;

	if (!data)
		return false;
	for (size_t at = -segment->p_vaddr & 7; !found && at + HEADER_SIZE <= segment->p_filesz && tries < 16; at += 8) {
		if (!is_header(data + at))
			continue;
		tries++;
		found = take(table, elf, segment->p_offset + at, segment->p_filesz - at);
	}
	free(data);
	return found;
}

/* An external linker puts a PIE's table into .data.rel.ro without a name; such files still have Go's notes. */
static bool may_be_go(const struct elf *elf)
{
	static const char *const marks[] = {".note.go.buildid", ".go.buildinfo", ".gopclntab", ".gosymtab"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (elf_section(elf, marks[i]))
			return true;
	return !elf->n_sections;
}

int go_table_init(struct go_table *table, const struct elf *elf)
{
	static const char *const names[] = {".gopclntab", ".data.rel.ro.gopclntab"};

	*table = (struct go_table){0};
	if (elf->machine != EM_X86_64)
		return -ENODATA;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const Elf64_Shdr *section = elf_section(elf, names[i]);

		if (section && section->sh_type != SHT_NOBITS && take(table, elf, section->sh_offset, section->sh_size))
			return 0;
	}
	for (uint32_t i = 0; may_be_go(elf) && i < elf->n_segments; i++)
		if (!(elf->segments[i].p_flags & PF_X) && scan_segment(table, elf, &elf->segments[i]))
			return 0;
	return -ENODATA;
}

void go_table_release(struct go_table *table)
{
	free(table->data);
	*table = (struct go_table){0};
}

/* Offsets in struct _func, Go's src/runtime/runtime2.go. */
struct func_layout {
	uint8_t name, pcsp, flag, size;
};

static struct func_layout layout_of(enum go_magic magic)
{
	if (magic == GO_1_16)
		return (struct func_layout){8, 20, 41, 44};
	if (magic == GO_1_18)
		return (struct func_layout){4, 16, 37, 40};
	return (struct func_layout){4, 16, 41, 44};
}

static const char *name_at(const struct go_table *table, uint32_t offset)
{
	const char *name = (const char *)table->data + table->names + offset;
	size_t room = table->size - table->names;

	return offset < room && memchr(name, 0, room - offset) ? name : "";
}

bool go_table_function(const struct go_table *table, uint32_t i, struct go_function *function)
{
	const struct func_layout layout = layout_of(table->magic);
	size_t word = table->magic == GO_1_16 ? 8 : 4;
	const uint8_t *entry = table->data + table->functab + (size_t)i * 2 * word;
	uint64_t offset = word == 8 ? u64_at(entry + 8) : u32_at(entry + 4);
	uint64_t room = table->size - table->functab;
	uint64_t low = entry_at(table, 0), high = entry_at(table, table->n_functions);
	uint64_t start = entry_at(table, i), end = entry_at(table, i + 1);
	const uint8_t *func;
	uint32_t pcsp;

	if (start < low || end > high || start >= end)
		return false;
	if (offset > room || room - offset < layout.size)
		return false;
	func = table->data + table->functab + offset;
	pcsp = u32_at(func + layout.pcsp);
	*function = (struct go_function){
		.start = table->text + start, .end = table->text + end,
		.name = name_at(table, u32_at(func + layout.name)), .flags = func[layout.flag],
		.pcsp = pcsp && pcsp < table->size - table->pctab ? table->pctab + pcsp : 0,
	};
	return true;
}
