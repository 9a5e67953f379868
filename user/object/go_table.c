// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/go_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object/elf_relocations.h"
#include "object/elf_words.h"
#include "object/go_module.h"

#define TABLE_MAX (256u << 20)

/* pcHeader in words: magic, functions, files, textStart (since 1.18), then the offsets. */
enum { HEADER_WORDS = 9, HEADER_SIZE = HEADER_WORDS * 8 };

/* Magic, two zeros, quantum 1, pointers of 8 bytes: the first 8 bytes. */
#define FIRST_WORD(magic) ((uint64_t)(magic) | 0x0801ull << 48)
static const uint64_t first_words[] = {FIRST_WORD(GO_1_16), FIRST_WORD(GO_1_18), FIRST_WORD(GO_1_20)};

static uint32_t u32_at(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static bool is_first_word(uint64_t word)
{
	for (size_t i = 0; i < sizeof(first_words) / sizeof(*first_words); i++)
		if (word == first_words[i])
			return true;
	return false;
}

int go_table_at(const struct go_table *table, uint64_t at, const uint8_t **data, size_t *len)
{
	int err;

	if (at >= table->size)
		return -EIO;
	if (table->data) {
		*data = table->data + at;
		*len = table->size - at;
		return 0;
	}
	err = elf_pages_at(table->pages, table->offset + at, data, len);
	if (!err && *len > table->size - at)
		*len = table->size - at;
	return err;
}

int go_table_read(const struct go_table *table, uint64_t at, void *data, size_t len)
{
	if (at > table->size || len > table->size - at)
		return -EIO;
	if (!table->data)
		return elf_pages_read(table->pages, table->offset + at, data, len);
	memcpy(data, table->data + at, len);
	return 0;
}

/* Words of functab and of pointers have one size. */
static size_t word_of(const struct go_table *table)
{
	return table->magic == GO_1_16 ? 8 : 4;
}

int go_table_entry(const struct go_table *table, uint32_t i, uint64_t *start, uint64_t *func)
{
	size_t word = word_of(table), len = i < table->n_functions ? 2 * word : word;
	uint64_t wide[2] = {0};
	uint32_t narrow[2] = {0};
	int err = go_table_read(table, table->functab + (uint64_t)i * 2 * word, word == 8 ? (void *)wide : narrow, len);

	if (err)
		return err;
	*start = word == 8 ? wide[0] : narrow[0];
	*func = word == 8 ? wide[1] : narrow[1];
	return 0;
}

static bool parse_header(struct go_table *table, const uint64_t *header)
{
	const uint64_t *offsets = header + ((uint32_t)header[0] == GO_1_16 ? 3 : 4);
	size_t entry;

	table->magic = (uint32_t)header[0];
	entry = word_of(table);
	for (unsigned i = 0; i < 5; i++)
		if (offsets[i] >= table->size)
			return false;
	if (!header[1] || header[1] > GO_FUNCTIONS_MAX ||
		(header[1] * 2 + 1) * entry > table->size - offsets[4])
		return false;
	table->n_functions = (uint32_t)header[1];
	table->names = offsets[0];
	table->units = offsets[1];
	table->files = offsets[2];
	table->pctab = offsets[3];
	table->functab = offsets[4];
	return true;
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

static bool text_fits(const struct go_table *table, uint64_t text)
{
	return is_code(table->elf, text + table->low, text + table->high);
}

static bool find_text(struct go_table *table, uint64_t stated)
{
	struct go_module module;
	uint64_t func;

	if (go_table_entry(table, 0, &table->low, &func) ||
		go_table_entry(table, table->n_functions, &table->high, &func))
		return false;
	if (table->magic == GO_1_16)
		return text_fits(table, 0);
	if (!stated || !text_fits(table, stated)) {
		if (go_module_find(&module, table) || !text_fits(table, module.text))
			return false;
		stated = module.text;
	}
	table->text = stated;
	return true;
}

static bool load(struct go_table *table)
{
	struct go_budget *budget = &table->budget;
	uint8_t *data;

	if (table->data)
		return true;
	if (table->size > budget->bytes)
		return false;
	budget->bytes -= table->size;
	data = malloc(table->size);
	if (!data || elf_read(table->elf, table->offset, data, table->size) ||
		elf_relocations_apply(table->elf, &budget->relocations, table->address, data, table->size)) {
		free(data);
		return false;
	}
	table->data = data;
	return true;
}

static bool read_whole(struct go_table *table)
{
	uint64_t header[HEADER_WORDS];

	if (elf_read(table->elf, table->offset, header, sizeof(header)) || !is_first_word(header[0]) ||
		!parse_header(table, header))
		return false;
	if (table->magic == GO_1_16 && table->elf->type == ET_DYN && !load(table))
		return false;
	/* textStart is the only address in it. */
	if (table->magic != GO_1_16 &&
		elf_relocations_apply(table->elf, &table->budget.relocations, table->address, header, sizeof(header)))
		return false;
	return find_text(table, header[3]);
}

/* Takes the bytes at [offset, offset + size) as the table. False: it is none; *table holds no memory then. */
static bool take(struct go_table *table, const struct elf *elf, uint64_t offset, uint64_t size)
{
	uint64_t address;

	size = size < TABLE_MAX ? size : TABLE_MAX;
	if (offset > elf->size || size > elf->size - offset || size < HEADER_SIZE ||
		elf_address_of_offset(elf, offset, &address))
		return false;
	*table = (struct go_table){.budget = table->budget, .elf = elf, .offset = offset, .address = address, .size = size,
		.pages = calloc(1, sizeof(*table->pages))};
	if (table->pages) {
		table->pages->elf = elf;
		if (read_whole(table))
			return true;
	}
	go_table_release(table);
	return false;
}

struct scan {
	struct go_table *table;
	const struct elf *elf;
	const Elf64_Phdr *segment;
};

static bool take_here(void *context, uint64_t offset)
{
	struct scan *scan = context;

	return take(scan->table, scan->elf, offset, scan->segment->p_offset + scan->segment->p_filesz - offset);
}

/* The header starts at a multiple of 8 (1.26.8), of 32 before. */
static bool scan_segment(struct go_table *table, const struct elf *elf, const Elf64_Phdr *segment)
{
	struct scan scan = {table, elf, segment};
	const struct elf_words words = {first_words, sizeof(first_words) / sizeof(*first_words), take_here, &scan,
		&table->budget.headers, &table->budget.bytes};

	return elf_words_find(&words, elf, segment);
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

int go_table_find(struct go_table *table, const struct elf *elf)
{
	static const char *const names[] = {".gopclntab", ".data.rel.ro.gopclntab"};

	*table = (struct go_table){.budget = {GO_HEADERS_TRIED, GO_MODULES_TRIED, GO_BYTES_SEARCHED, GO_RELOCATIONS_READ}};
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

int go_table_init(struct go_table *table, const struct elf *elf)
{
	int err = go_table_find(table, elf);

	if (err || load(table))
		return err;
	go_table_release(table);
	return -ENODATA;
}

void go_table_release(struct go_table *table)
{
	free(table->data);
	free(table->pages);
	*table = (struct go_table){.budget = table->budget};
}

/* Where in struct _func the words behind args and deferreturn start, and its size: the last 4 bytes are funcID,
 * flag, padding, nfuncdata. */
struct func_layout {
	uint8_t name, pcsp, size;
};

static struct func_layout layout_of(enum go_magic magic)
{
	if (magic == GO_1_16)
		return (struct func_layout){8, 20, 44};
	if (magic == GO_1_18)
		return (struct func_layout){4, 16, 40};
	return (struct func_layout){4, 16, 44};
}

uint64_t go_table_pctab(const struct go_table *table, uint32_t number)
{
	return number && number < table->size - table->pctab ? table->pctab + number : 0;
}

const char *go_table_name(const struct go_table *table, const struct go_function *function)
{
	const char *name = (const char *)table->data + function->name;

	return function->name < table->size && memchr(name, 0, table->size - function->name) ? name : "";
}

bool go_table_function(const struct go_table *table, uint32_t i, struct go_function *function)
{
	const struct func_layout layout = layout_of(table->magic);
	uint64_t start, end, func, none;
	const uint8_t *word;
	uint8_t raw[44];

	if (go_table_entry(table, i, &start, &func) || go_table_entry(table, i + 1, &end, &none))
		return false;
	if (start < table->low || end > table->high || start >= end || func > table->size - table->functab ||
		go_table_read(table, table->functab + func, raw, layout.size))
		return false;
	word = raw + layout.pcsp;
	*function = (struct go_function){
		.start = table->text + start, .end = table->text + end,
		.name = table->names + u32_at(raw + layout.name),
		.pcsp = go_table_pctab(table, u32_at(word)), .pcfile = go_table_pctab(table, u32_at(word + 4)),
		.pcln = go_table_pctab(table, u32_at(word + 8)), .n_pcdata = u32_at(word + 12),
		.unit = u32_at(word + 16), .first_line = table->magic == GO_1_20 ? u32_at(word + 20) : 0,
		.pcdata = table->functab + func + layout.size,
		.flags = raw[layout.size - 3], .n_funcdata = raw[layout.size - 1],
	};
	return true;
}
