// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/dwarf_lines.h"

#include <dwarf.h>
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#define FORMATS_MAX 16 /* fields of one directory or file */

/* The state machine; and how far the addresses are served. */
struct machine {
	uint64_t address, file;
	uint32_t line;
	bool has_row, alive;     /* a row of this sequence was seen; it begins in code */
	struct dwarf_row last;   /* the row before */
	uint64_t last_address;
	size_t next;             /* the first address that is not below last_address */
};

struct search {
	const struct dwarf_file *file;
	const uint64_t *addresses;
	size_t count;
	struct dwarf_row *rows;
};

static void take_section(struct dwarf_sections *sections, const char *name, Elf_Data *data)
{
	struct cursor cursor = cursor_over(data->d_buf, data->d_size);
	size_t len = strlen(name);

	if (len > 4 && !strcmp(name + len - 4, ".dwo"))
		len -= 4;
	if (len == 11 && !strncmp(name, ".debug_line", len))
		sections->line = cursor;
	else if (len == 15 && !strncmp(name, ".debug_line_str", len))
		sections->line_str = cursor;
	else if (len == 10 && !strncmp(name, ".debug_str", len))
		sections->str = cursor;
}

/* GNU's old way to compress (.zdebug_line): dwarf_begin_elf() has inflated it, under its old name. */
static const char *plain_name(const char *name, char *into, size_t size)
{
	size_t len = strlen(name);

	if (strncmp(name, ".zdebug_", 8) || len >= size)
		return name;
	into[0] = '.';
	memcpy(into + 1, name + 2, len - 1);
	return into;
}

void dwarf_sections_init(struct dwarf_sections *sections, Elf *elf)
{
	Elf_Scn *section = NULL;
	size_t names;

	*sections = (struct dwarf_sections){0};
	if (elf_getshdrstrndx(elf, &names))
		return;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name;
		char plain[64];
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS ||
			header.sh_flags & SHF_COMPRESSED)
			continue;
		name = elf_strptr(elf, names, header.sh_name);
		if (!name || (strncmp(name, ".debug_", 7) && strncmp(name, ".zdebug_", 8)))
			continue;
		data = elf_getdata(section, NULL);
		if (data && data->d_buf && data->d_size)
			take_section(sections, plain_name(name, plain, sizeof(plain)), data);
	}
}

static const char *take_string(struct cursor *cursor)
{
	const uint8_t *at = cursor->at, *nul = at < cursor->end ? memchr(at, 0, cursor_left(cursor)) : NULL;

	if (!nul) {
		cursor_fail(cursor);
		return NULL;
	}
	cursor->at = nul + 1;
	return (const char *)at;
}

static const char *string_at(const struct cursor *section, uint64_t offset)
{
	struct cursor cursor = *section;

	if (!cursor.at || !cursor_take(&cursor, offset))
		return NULL;
	return take_string(&cursor);
}

static int add_name(struct dwarf_source_name **names, size_t *count, const struct dwarf_source_name *name)
{
	/* Grows at powers of two. */
	if (!(*count & (*count - 1))) {
		struct dwarf_source_name *more = reallocarray(*names, *count ? *count * 2 : 1, sizeof(*more));

		if (!more)
			return -ENOMEM;
		*names = more;
	}
	(*names)[(*count)++] = *name;
	return 0;
}

/* One field of a version 5 entry. */
static uint64_t take_form(struct dwarf_lines *lines, struct cursor *c, uint64_t form, const char **string)
{
	switch (form) {
	case DW_FORM_string:
		*string = take_string(c);
		return 0;
	case DW_FORM_line_strp:
		*string = string_at(&lines->sections->line_str, cursor_unsigned(c, lines->offset_size));
		return 0;
	case DW_FORM_strp:
		*string = string_at(&lines->sections->str, cursor_unsigned(c, lines->offset_size));
		return 0;
	case DW_FORM_data1:
		return cursor_unsigned(c, 1);
	case DW_FORM_data2:
		return cursor_unsigned(c, 2);
	case DW_FORM_data4:
		return cursor_unsigned(c, 4);
	case DW_FORM_data8:
		return cursor_unsigned(c, 8);
	case DW_FORM_udata:
		return cursor_uleb(c);
	case DW_FORM_data16:
		cursor_take(c, 16);
		return 0;
	case DW_FORM_block:
		cursor_take(c, cursor_uleb(c));
		return 0;
	default:
		cursor_fail(c);
		return 0;
	}
}

/* DWARF 5, section 6.2.4.1: each entry is as the formats before them say. */
static int read_entries(struct dwarf_lines *lines, struct cursor *c, struct dwarf_source_name **names, size_t *count)
{
	uint8_t formats = (uint8_t)cursor_unsigned(c, 1);
	uint64_t content[FORMATS_MAX], form[FORMATS_MAX], entries;
	int err = 0;

	if (formats > FORMATS_MAX)
		return -EBADMSG;
	for (unsigned i = 0; i < formats; i++) {
		content[i] = cursor_uleb(c);
		form[i] = cursor_uleb(c);
	}
	entries = cursor_uleb(c);
	if (c->bad || entries > cursor_left(c) || (entries && !formats))
		return -EBADMSG;
	for (uint64_t n = 0; n < entries && !err; n++) {
		struct dwarf_source_name name = {0};

		for (unsigned i = 0; i < formats; i++) {
			const char *string = NULL;
			uint64_t value = take_form(lines, c, form[i], &string);

			if (content[i] == DW_LNCT_path)
				name.name = string;
			else if (content[i] == DW_LNCT_directory_index)
				name.directory = value;
		}
		err = c->bad ? -EBADMSG : add_name(names, count, &name);
	}
	return err;
}

static int read_file(struct dwarf_lines *lines, struct cursor *c, const char *path)
{
	struct dwarf_source_name name = {.name = path, .directory = cursor_uleb(c)};

	cursor_uleb(c); /* time */
	cursor_uleb(c); /* length */
	return c->bad ? -EBADMSG : add_name(&lines->files, &lines->n_files, &name);
}

/* Up to version 4: lists that an empty string ends; numbers begin at 1, and directory 0 is comp_dir. */
static int read_old_tables(struct dwarf_lines *lines, struct cursor *c)
{
	struct dwarf_source_name name = {.name = lines->comp_dir};
	int err = add_name(&lines->directories, &lines->n_directories, &name);

	while (!err && (name.name = take_string(c)) && *name.name)
		err = add_name(&lines->directories, &lines->n_directories, &name);
	name = (struct dwarf_source_name){0};
	if (!err)
		err = add_name(&lines->files, &lines->n_files, &name);
	while (!err && (name.name = take_string(c)) && *name.name)
		err = read_file(lines, c, name.name);
	return err ? err : c->bad ? -EBADMSG : 0;
}

static int read_tables(struct dwarf_lines *lines, struct cursor *c)
{
	int err;

	if (lines->version < 5)
		return read_old_tables(lines, c);
	err = read_entries(lines, c, &lines->directories, &lines->n_directories);
	return err ? err : read_entries(lines, c, &lines->files, &lines->n_files);
}

/* Leaves the cursor at the program's length. */
static int read_unit(struct dwarf_lines *lines, struct cursor *c)
{
	uint64_t length = cursor_unsigned(c, 4);

	lines->offset_size = 4;
	if (length == 0xffffffff) {
		length = cursor_unsigned(c, 8);
		lines->offset_size = 8;
	}
	if (c->bad || length > cursor_left(c))
		return -EBADMSG;
	c->end = c->at + length;
	lines->version = (uint16_t)cursor_unsigned(c, 2);
	if (lines->version < 2 || lines->version > 5)
		return -EBADMSG;
	lines->address_size = 8;
	if (lines->version == 5) {
		lines->address_size = (uint8_t)cursor_unsigned(c, 1);
		cursor_unsigned(c, 1); /* segment selector size */
	}
	return c->bad ? -EBADMSG : 0;
}

static int read_header(struct dwarf_lines *lines, struct cursor *c)
{
	uint64_t length;
	int err = read_unit(lines, c);

	if (err)
		return err;
	length = cursor_unsigned(c, lines->offset_size);
	if (c->bad || length > cursor_left(c))
		return -EBADMSG;
	lines->program = (struct cursor){c->at + length, c->end, false};
	c->end = c->at + length;
	lines->min_instruction = (uint8_t)cursor_unsigned(c, 1);
	if (lines->version >= 4)
		cursor_unsigned(c, 1); /* operations an instruction: 1 where we run */
	cursor_unsigned(c, 1);         /* default of is_stmt */
	lines->line_base = (int8_t)cursor_signed(c, 1);
	lines->line_range = (uint8_t)cursor_unsigned(c, 1);
	lines->opcode_base = (uint8_t)cursor_unsigned(c, 1);
	if (c->bad || !lines->line_range || !lines->opcode_base)
		return -EBADMSG;
	lines->opcode_lengths = cursor_take(c, lines->opcode_base - 1u);
	return lines->opcode_lengths ? read_tables(lines, c) : -EBADMSG;
}

int dwarf_lines_init(struct dwarf_lines *lines, const struct dwarf_sections *sections, uint64_t offset,
	const char *comp_dir)
{
	struct cursor cursor = sections->line;
	int err = -EBADMSG;

	*lines = (struct dwarf_lines){.sections = sections, .comp_dir = comp_dir};
	if (cursor.at && cursor_take(&cursor, offset))
		err = read_header(lines, &cursor);
	if (err)
		dwarf_lines_release(lines);
	return err;
}

void dwarf_lines_release(struct dwarf_lines *lines)
{
	free(lines->directories);
	free(lines->files);
	*lines = (struct dwarf_lines){0};
}

static size_t first_at(const struct search *search, uint64_t address)
{
	size_t low = 0, high = search->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (search->addresses[middle] < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A row holds from its address up to the next one's of its sequence. Of two sequences the first one stays. */
static void emit(struct machine *m, const struct search *search, bool last)
{
	if (!m->has_row) {
		m->alive = dwarf_file_is_code(search->file, m->address);
		m->next = m->alive ? first_at(search, m->address) : 0;
	} else if (m->alive && m->address < m->last_address) {
		m->next = first_at(search, m->address);
	}
	if (m->alive && m->has_row)
		for (; m->next < search->count && search->addresses[m->next] < m->address; m->next++)
			if (!search->rows[m->next].found)
				search->rows[m->next] = m->last;
	m->has_row = !last;
	m->last = (struct dwarf_row){m->file, m->line, true};
	m->last_address = m->address;
}

static void reset(struct machine *m)
{
	*m = (struct machine){.file = 1, .line = 1};
}

static void run_extended(struct dwarf_lines *lines, struct machine *m, const struct search *search)
{
	struct cursor *c = &lines->program, operand;
	uint64_t length = cursor_uleb(c);
	const uint8_t *at = cursor_take(c, length);
	const char *path;

	if (!at || !length)
		return;
	operand = (struct cursor){at + 1, at + length, false};
	switch (*at) {
	case DW_LNE_end_sequence:
		emit(m, search, true);
		reset(m);
		break;
	case DW_LNE_set_address:
		m->address = length == 5 ? cursor_unsigned(&operand, 4) : cursor_unsigned(&operand, 8);
		break;
	case DW_LNE_define_file:
		path = take_string(&operand);
		if (path && lines->version < 5 && read_file(lines, &operand, path))
			cursor_fail(c);
		break;
	}
}

static uint64_t special_advance(const struct dwarf_lines *lines, uint8_t opcode)
{
	return (uint64_t)((uint8_t)(opcode - lines->opcode_base) / lines->line_range) * lines->min_instruction;
}

static void run_standard(struct dwarf_lines *lines, struct machine *m, const struct search *search, uint8_t opcode)
{
	struct cursor *c = &lines->program;

	switch (opcode) {
	case DW_LNS_copy:
		emit(m, search, false);
		break;
	case DW_LNS_advance_pc:
		m->address += cursor_uleb(c) * lines->min_instruction;
		break;
	case DW_LNS_advance_line:
		m->line += (uint32_t)cursor_sleb(c);
		break;
	case DW_LNS_set_file:
		m->file = cursor_uleb(c);
		break;
	case DW_LNS_const_add_pc:
		m->address += special_advance(lines, 255);
		break;
	case DW_LNS_fixed_advance_pc:
		m->address += cursor_unsigned(c, 2);
		break;
	default:
		for (unsigned i = 0; i < lines->opcode_lengths[opcode - 1]; i++)
			cursor_uleb(c);
	}
}

static void run_special(struct dwarf_lines *lines, struct machine *m, const struct search *search, uint8_t opcode)
{
	m->address += special_advance(lines, opcode);
	m->line += (uint32_t)(lines->line_base + (uint8_t)(opcode - lines->opcode_base) % lines->line_range);
	emit(m, search, false);
}

int dwarf_lines_find(struct dwarf_lines *lines, const struct dwarf_file *file, const uint64_t *addresses, size_t count,
	struct dwarf_row *rows)
{
	const struct search search = {file, addresses, count, rows};
	struct cursor *c = &lines->program;
	struct machine m;

	reset(&m);
	while (c->at < c->end) {
		uint8_t opcode = *c->at++;

		if (opcode >= lines->opcode_base)
			run_special(lines, &m, &search, opcode);
		else if (opcode)
			run_standard(lines, &m, &search, opcode);
		else
			run_extended(lines, &m, &search);
	}
	return c->bad ? -EBADMSG : 0;
}

static int put_directory(const char *directory, struct buf *path)
{
	if (!directory || !*directory)
		return 0;
	if (*directory == '/')
		buf_clear(path);
	return buf_puts(path, directory) || buf_putc(path, '/') ? -ENOMEM : 0;
}

/* Where relative paths begin. From version 5 on that is directory 0 too, which may itself be relative. */
static const char *base_directory(const struct dwarf_lines *lines)
{
	const char *first = lines->version >= 5 && lines->n_directories ? lines->directories[0].name : NULL;

	return first && (*first == '/' || !lines->comp_dir) ? first : lines->comp_dir;
}

int dwarf_lines_path(const struct dwarf_lines *lines, uint64_t file, struct buf *path)
{
	const struct dwarf_source_name *name = file < lines->n_files ? &lines->files[file] : NULL;
	int err;

	if (!name || !name->name)
		return -ENOENT;
	buf_clear(path);
	if (*name->name == '/')
		return buf_append(path, name->name, strlen(name->name) + 1);
	err = put_directory(base_directory(lines), path);
	if (!err && name->directory && name->directory < lines->n_directories)
		err = put_directory(lines->directories[name->directory].name, path);
	return err ? err : buf_append(path, name->name, strlen(name->name) + 1);
}
