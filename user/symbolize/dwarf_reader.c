// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/dwarf_reader.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "symbolize/dwarf_file.h"
#include "symbolize/dwarf_lines.h"
#include "symbolize/dwarf_walk.h"

struct reader {
	const struct dwarf_source *source;
	struct dwarf_file file;
	struct dwarf_sections sections;
	struct batch *batch;
	bool *done;           /* one an item: a unit has it */
	size_t left;          /* items that are not done */
	uint32_t *wanted;     /* item numbers of the unit under way */
	uint64_t *addresses;  /* theirs */
	struct dwarf_row *rows;
	size_t n_wanted;
	Dwarf_Off *unranged;  /* units that do not say where their code is */
	size_t n_unranged;
	struct buf path;
	int alt_fd;           /* negative: none */
	bool missing, broken; /* a file that the DWARF names; some of the DWARF itself */
};

/* A unit under way. */
struct unit {
	Dwarf_Die die;             /* has ranges and the line table: the skeleton's, in split DWARF */
	Dwarf_Die body;            /* has the functions */
	struct dwarf_lines lines;  /* of `die`; sections NULL: none */
	struct dwarf_sections split_sections;
	struct dwarf_lines split;  /* file names of a split unit; sections NULL: those of `lines` */
	struct dwarf_walk walk;
};

static void want(struct reader *r, uint32_t item)
{
	if (r->done[item])
		return;
	r->done[item] = true;
	r->wanted[r->n_wanted++] = item;
}

/* -ENOENT: the unit has no ranges. */
static int want_ranges(struct reader *r, Dwarf_Die *die)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;
	size_t ranges = 0;

	while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		ranges++;
		if (start >= end || !dwarf_file_is_code(&r->file, start))
			continue;
		for (size_t i = batch_first(r->batch, start); i < r->batch->count; i++) {
			if (r->batch->items[i].address >= end)
				break;
			want(r, (uint32_t)i);
		}
	}
	return ranges && at == 0 ? 0 : -ENOENT;
}

static int by_number(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* The chains of DWARF are cut by libdw itself, after 16 links (dwarf_attr_integrate.c). */
static const char *function_name(Dwarf_Die *die)
{
	static const unsigned names[] = {DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name};
	const char *name = NULL;

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names) && !name; i++) {
		Dwarf_Attribute attribute;

		name = dwarf_formstring(dwarf_attr_integrate(die, names[i], &attribute));
	}
	return name && *name ? name : NULL;
}

static uint64_t number(Dwarf_Die *die, unsigned name, bool through_origin)
{
	Dwarf_Attribute attribute, *found;
	Dwarf_Word value;

	found = through_origin ? dwarf_attr_integrate(die, name, &attribute) : dwarf_attr(die, name, &attribute);
	return found && !dwarf_formudata(found, &value) ? value : 0;
}

static const char *text(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr(die, name, &attribute));
}

static char *source_path(struct reader *r, const struct dwarf_lines *lines, uint64_t file)
{
	return lines->sections && !dwarf_lines_path(lines, file, &r->path) ? r->path.data : NULL;
}

/* Where no more are told the outermost function is: it takes the last one's place. */
static int replace_last(struct reader *r, struct code_lines *lines, const struct code_line *line)
{
	struct code_line *last = &lines->at[--lines->count];

	r->broken = true;
	free(last->function);
	free(last->file);
	return code_lines_add(lines, line);
}

/* Appends a function: where it runs is what the row says, or the call of what is inlined there. */
static int add_line(struct reader *r, struct batch_item *item, Dwarf_Die *die, char *file, uint64_t line)
{
	struct code_line out = {.file = file, .line = (uint32_t)line};
	int err;

	if (die) {
		out.function = (char *)function_name(die);
		out.first_line = (uint32_t)number(die, DW_AT_decl_line, true);
	}
	err = code_lines_add(&item->lines, &out);
	return err == -E2BIG ? replace_last(r, &item->lines, &out) : err;
}

static int add_lines(struct reader *r, struct unit *unit, size_t i)
{
	const struct dwarf_lines *names = unit->split.sections ? &unit->split : &unit->lines;
	struct batch_item *item = &r->batch->items[r->wanted[i]];
	const struct dwarf_row *row = &r->rows[i];
	char *file = row->found ? source_path(r, &unit->lines, row->file) : NULL;
	uint64_t line = row->found ? row->line : 0;
	int32_t at = unit->walk.found[i];
	int err = 0;

	if (at < 0)
		return row->found ? add_line(r, item, NULL, file, line) : 0;
	for (; at >= 0 && !err; at = unit->walk.functions[at].parent) {
		Dwarf_Die *die = &unit->walk.functions[at].die;

		err = add_line(r, item, die, file, line);
		file = source_path(r, names, number(die, DW_AT_call_file, false));
		line = number(die, DW_AT_call_line, false);
	}
	return err;
}

static bool has_attribute(Dwarf_Die *die, unsigned name)
{
	return dwarf_hasattr(die, name) == 1;
}

static int read_table(struct reader *r, struct unit *unit)
{
	int err;

	if (!has_attribute(&unit->die, DW_AT_stmt_list))
		return 0;
	err = dwarf_lines_init(&unit->lines, &r->sections, number(&unit->die, DW_AT_stmt_list, false),
		text(&unit->die, DW_AT_comp_dir));
	if (!err)
		err = dwarf_lines_find(&unit->lines, &r->file, r->addresses, r->n_wanted, r->rows);
	r->broken |= err == -EBADMSG;
	return err == -ENOMEM ? err : 0;
}

/* The body of a split unit; the skeleton itself when its file is not there: clang leaves the inlined functions in it. */
static void find_body(struct reader *r, struct unit *unit)
{
	Dwarf_Die split;
	uint8_t type = 0;

	unit->body = unit->die;
	r->source->may_open(r->source->context, true);
	if (dwarf_cu_info(unit->die.cu, NULL, &type, NULL, &split, NULL, NULL, NULL))
		split = (Dwarf_Die){0};
	r->source->may_open(r->source->context, false);
	if (type != DW_UT_skeleton)
		return;
	if (split.addr)
		unit->body = split;
	else
		r->missing = true;
}

/* DWARF 5, 7.3.2.2: numbers of files in a split unit mean the table at the start of .debug_line.dwo, if there is one. */
static int read_split_names(struct unit *unit)
{
	int err;

	if (unit->body.cu == unit->die.cu)
		return 0;
	dwarf_sections_init(&unit->split_sections, dwarf_getelf(dwarf_cu_getdwarf(unit->body.cu)));
	if (!unit->split_sections.line.at)
		return 0;
	err = dwarf_lines_init(&unit->split, &unit->split_sections, 0, text(&unit->die, DW_AT_comp_dir));
	return err == -ENOMEM ? err : 0;
}

static int read_unit(struct reader *r, struct unit *unit)
{
	int err = read_table(r, unit);

	if (!err) {
		find_body(r, unit);
		err = read_split_names(unit);
	}
	if (!err)
		err = dwarf_walk_init(&unit->walk, &r->file, r->addresses, r->n_wanted);
	if (err)
		return err;
	err = dwarf_walk_unit(&unit->walk, &unit->body);
	r->broken |= err == -EBADMSG;
	err = err == -ENOMEM ? err : 0;
	for (size_t i = 0; i < r->n_wanted && !err; i++)
		err = add_lines(r, unit, i);
	return err;
}

static int serve_unit(struct reader *r, Dwarf_Die *die)
{
	struct unit unit = {.die = *die};
	int err;

	qsort(r->wanted, r->n_wanted, sizeof(*r->wanted), by_number);
	for (size_t i = 0; i < r->n_wanted; i++) {
		r->addresses[i] = r->batch->items[r->wanted[i]].address;
		r->rows[i] = (struct dwarf_row){0};
	}
	err = read_unit(r, &unit);
	r->left -= r->n_wanted;
	r->n_wanted = 0;
	dwarf_walk_release(&unit.walk);
	dwarf_lines_release(&unit.split);
	dwarf_lines_release(&unit.lines);
	return err;
}

static int keep_unranged(struct reader *r, Dwarf_Die *die)
{
	Dwarf_Off *more = reallocarray(r->unranged, r->n_unranged + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	r->unranged = more;
	more[r->n_unranged++] = dwarf_dieoffset(die);
	return 0;
}

static int offer_unit(struct reader *r, Dwarf_Die *die)
{
	int unranged = want_ranges(r, die);

	if (r->n_wanted)
		return serve_unit(r, die);
	return unranged && dwarf_haschildren(die) == 1 ? keep_unranged(r, die) : 0;
}

static int serve_ranged(struct reader *r)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;
	uint8_t type;
	int more = 0, err = 0;

	while (!err && r->left && !(more = dwarf_get_units(r->file.dwarf, unit, &unit, NULL, &type, &die, NULL)))
		if (die.addr && (type == DW_UT_compile || type == DW_UT_skeleton))
			err = offer_unit(r, &die);
	r->broken |= more < 0;
	return err;
}

/* The entry of the unit that .debug_aranges has for an address; 0: none, no unit begins there. */
static Dwarf_Off find_arange(struct reader *r, Dwarf_Aranges *aranges, uint64_t address)
{
	Dwarf_Arange *arange = dwarf_getarange_addr(aranges, address);
	Dwarf_Addr start;
	Dwarf_Word length;
	Dwarf_Off unit;

	if (!arange || dwarf_getarangeinfo(arange, &start, &length, &unit) || !dwarf_file_is_code(&r->file, start))
		return 0;
	return unit;
}

/* gcc, with DWARF 2 and no extensions: a unit with code in several sections says the range of one. */
static int serve_aranges(struct reader *r)
{
	Dwarf_Aranges *aranges;
	size_t count;
	int err = 0;

	if (!r->left || dwarf_getaranges(r->file.dwarf, &aranges, &count))
		return 0;
	for (size_t i = 0; i < r->batch->count && r->left && !err; i++) {
		Dwarf_Off unit = r->done[i] ? 0 : find_arange(r, aranges, r->batch->items[i].address);
		Dwarf_Die die;

		if (!unit || !dwarf_offdie(r->file.dwarf, unit, &die))
			continue;
		for (size_t next = i; next < r->batch->count; next++)
			if (!r->done[next] && find_arange(r, aranges, r->batch->items[next].address) == unit)
				want(r, (uint32_t)next);
		err = serve_unit(r, &die);
	}
	return err;
}

/* Units of code in several sections that DWARF 2 has no way to say the ranges of. */
static int serve_unranged(struct reader *r)
{
	int err = 0;

	for (size_t n = 0; n < r->n_unranged && r->left && !err; n++) {
		Dwarf_Die die;

		if (!dwarf_offdie(r->file.dwarf, r->unranged[n], &die))
			continue;
		for (size_t i = 0; i < r->batch->count; i++)
			want(r, (uint32_t)i);
		err = serve_unit(r, &die);
		for (size_t i = 0; i < r->batch->count; i++) {
			if (!r->done[i] || r->batch->items[i].lines.count)
				continue;
			r->done[i] = false;
			r->left++;
		}
	}
	return err;
}

static void open_alt(struct reader *r)
{
	const char *path = dwarf_file_alt_path(&r->file);

	if (!path)
		return;
	r->alt_fd = r->source->open(r->source->context, path);
	if (r->alt_fd < 0 || dwarf_file_set_alt(&r->file, r->alt_fd))
		r->missing = true;
}

static int reader_init(struct reader *r)
{
	size_t n = r->batch->count;
	int err = dwarf_file_init(&r->file, r->source->fd);

	if (err)
		return err;
	dwarf_sections_init(&r->sections, r->file.elf);
	r->left = n;
	r->done = calloc(n, sizeof(*r->done));
	r->wanted = calloc(n, sizeof(*r->wanted));
	r->addresses = calloc(n, sizeof(*r->addresses));
	r->rows = calloc(n, sizeof(*r->rows));
	if (!r->done || !r->wanted || !r->addresses || !r->rows)
		return -ENOMEM;
	open_alt(r);
	return 0;
}

static void reader_release(struct reader *r)
{
	dwarf_file_release(&r->file);
	if (r->alt_fd >= 0)
		close(r->alt_fd);
	free(r->done);
	free(r->wanted);
	free(r->addresses);
	free(r->rows);
	free(r->unranged);
	buf_release(&r->path);
}

int dwarf_reader_lines(const struct dwarf_source *source, struct batch *batch)
{
	struct reader r = {.source = source, .batch = batch, .alt_fd = -1};
	int err;

	if (!batch->count)
		return 0;
	err = reader_init(&r);
	if (!err)
		err = serve_ranged(&r);
	if (!err)
		err = serve_aranges(&r);
	if (!err)
		err = serve_unranged(&r);
	if (!err)
		err = r.broken ? -EBADMSG : r.missing ? -ENOENT : 0;
	reader_release(&r);
	return err;
}
