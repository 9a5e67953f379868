// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/dwarf_entries.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"

#define ATTRIBUTES_MAX 1024

/* Attributes whose size is in their value. */
enum step { LEB = -1, BLOCK = -2, BLOCK1 = -3, BLOCK2 = -4, BLOCK4 = -5, STRING = -6, UNKNOWN = -7 };

int dwarf_entries_init(struct dwarf_entries *entries, Dwarf_Die *unit)
{
	Dwarf_Off offset = dwarf_dieoffset(unit), start = offset - dwarf_cuoffset(unit), next;
	Dwarf *dwarf = dwarf_cu_getdwarf(unit->cu);
	size_t head;

	*entries = (struct dwarf_entries){.unit = unit->cu};
	if (dwarf_next_unit(dwarf, start, &next, &head, &entries->version, NULL, &entries->address_size,
		    &entries->offset_size, NULL, NULL))
		return -EBADMSG;
	entries->start = (const uint8_t *)unit->addr - (offset - start);
	entries->end = entries->start + (next - start);
	return 0;
}

void dwarf_entries_release(struct dwarf_entries *entries)
{
	for (size_t i = 0; i < entries->n_shapes; i++)
		free(entries->shapes[i]);
	free(entries->shapes);
	*entries = (struct dwarf_entries){0};
}

/* Past 60 lines: it is the table of forms (DWARF 5, 7.5.6, and GNU's). */
static int32_t step_of(const struct dwarf_entries *entries, unsigned form)
{
	switch (form) {
	case DW_FORM_flag_present:
	case DW_FORM_implicit_const:
		return 0;
	case DW_FORM_data1:
	case DW_FORM_ref1:
	case DW_FORM_flag:
	case DW_FORM_strx1:
	case DW_FORM_addrx1:
		return 1;
	case DW_FORM_data2:
	case DW_FORM_ref2:
	case DW_FORM_strx2:
	case DW_FORM_addrx2:
		return 2;
	case DW_FORM_strx3:
	case DW_FORM_addrx3:
		return 3;
	case DW_FORM_data4:
	case DW_FORM_ref4:
	case DW_FORM_strx4:
	case DW_FORM_addrx4:
	case DW_FORM_ref_sup4:
		return 4;
	case DW_FORM_data8:
	case DW_FORM_ref8:
	case DW_FORM_ref_sig8:
	case DW_FORM_ref_sup8:
		return 8;
	case DW_FORM_data16:
		return 16;
	case DW_FORM_addr:
		return entries->address_size;
	case DW_FORM_ref_addr:
		return entries->version == 2 ? entries->address_size : entries->offset_size;
	case DW_FORM_strp:
	case DW_FORM_line_strp:
	case DW_FORM_strp_sup:
	case DW_FORM_sec_offset:
	case DW_FORM_GNU_ref_alt:
	case DW_FORM_GNU_strp_alt:
		return entries->offset_size;
	case DW_FORM_udata:
	case DW_FORM_sdata:
	case DW_FORM_ref_udata:
	case DW_FORM_strx:
	case DW_FORM_addrx:
	case DW_FORM_loclistx:
	case DW_FORM_rnglistx:
	case DW_FORM_GNU_addr_index:
	case DW_FORM_GNU_str_index:
		return LEB;
	case DW_FORM_block:
	case DW_FORM_exprloc:
		return BLOCK;
	case DW_FORM_block1:
		return BLOCK1;
	case DW_FORM_block2:
		return BLOCK2;
	case DW_FORM_block4:
		return BLOCK4;
	case DW_FORM_string:
		return STRING;
	default:
		return UNKNOWN;
	}
}

static bool is_code(unsigned name)
{
	return name == DW_AT_low_pc || name == DW_AT_high_pc || name == DW_AT_ranges;
}

/* Steps of known size become one with the step before them; DW_AT_sibling is only found behind such. */
static void add_attribute(struct dwarf_entries *entries, struct dwarf_shape *shape, unsigned name, unsigned form)
{
	int32_t step = step_of(entries, form);
	bool merge = step >= 0 && shape->n_steps && shape->steps[shape->n_steps - 1] >= 0;

	shape->code |= is_code(name);
	shape->broken |= step == UNKNOWN;
	if (name == DW_AT_sibling && form == DW_FORM_ref4 && (merge ? shape->n_steps == 1 : !shape->n_steps))
		shape->sibling = merge ? shape->steps[0] : 0;
	if (merge)
		shape->steps[shape->n_steps - 1] += step;
	else
		shape->steps[shape->n_steps++] = step;
}

/* Not dwarf_getattrcnt(): 0.188 takes the values of DW_FORM_implicit_const for attributes. */
static size_t count_attributes(Dwarf_Abbrev *abbreviation)
{
	unsigned name, form;
	size_t count = 0;

	while (count <= ATTRIBUTES_MAX && !dwarf_getabbrevattr_data(abbreviation, count, &name, &form, NULL, NULL))
		count++;
	return count;
}

static struct dwarf_shape *make_shape(struct dwarf_entries *entries, Dwarf_Die *die)
{
	int tag = dwarf_tag(die);
	size_t count = die->abbrev && tag != DW_TAG_invalid ? count_attributes(die->abbrev) : ATTRIBUTES_MAX + 1;
	struct dwarf_shape *shape;

	if (count > ATTRIBUTES_MAX)
		return NULL;
	shape = malloc(sizeof(*shape) + count * sizeof(*shape->steps));
	if (!shape)
		return NULL;
	*shape = (struct dwarf_shape){
		.tag = (unsigned)tag, .sibling = -1, .children = dwarf_abbrevhaschildren(die->abbrev) == 1};
	for (size_t i = 0; i < count; i++) {
		unsigned name, form;

		if (!dwarf_getabbrevattr_data(die->abbrev, i, &name, &form, NULL, NULL))
			add_attribute(entries, shape, name, form);
	}
	return shape;
}

static int make_room(struct dwarf_entries *entries, uint64_t code)
{
	size_t n = entries->n_shapes ? entries->n_shapes : 64;
	struct dwarf_shape **shapes;

	if (code >= DWARF_ABBREVIATIONS_MAX)
		return -EBADMSG;
	while (n <= code)
		n *= 2;
	shapes = reallocarray(entries->shapes, n, sizeof(*shapes));
	if (!shapes)
		return -ENOMEM;
	memset(shapes + entries->n_shapes, 0, (n - entries->n_shapes) * sizeof(*shapes));
	entries->shapes = shapes;
	entries->n_shapes = n;
	return 0;
}

/* Takes the abbreviation code of the entry at the cursor, which is not 0. */
static const struct dwarf_shape *take_shape(struct dwarf_entries *entries, struct cursor *c)
{
	Dwarf_Die die = {.addr = (void *)c->at, .cu = entries->unit};
	uint64_t code = cursor_uleb(c);

	if (c->bad || !code || (code >= entries->n_shapes && make_room(entries, code)))
		return NULL;
	if (!entries->shapes[code])
		entries->shapes[code] = make_shape(entries, &die);
	return entries->shapes[code];
}

static struct cursor cursor_at(const struct dwarf_entries *entries, const void *at)
{
	return (struct cursor){at, entries->end, false};
}

const struct dwarf_shape *dwarf_entries_shape(struct dwarf_entries *entries, Dwarf_Die *die)
{
	struct cursor cursor = cursor_at(entries, die->addr);

	return take_shape(entries, &cursor);
}

static void step_over(struct cursor *c, int32_t step)
{
	const uint8_t *nul;

	switch (step) {
	case LEB: /* signed or not */
		while (cursor_unsigned(c, 1) & 0x80)
			;
		break;
	case BLOCK:
		cursor_take(c, cursor_uleb(c));
		break;
	case BLOCK1:
		cursor_take(c, cursor_unsigned(c, 1));
		break;
	case BLOCK2:
		cursor_take(c, cursor_unsigned(c, 2));
		break;
	case BLOCK4:
		cursor_take(c, cursor_unsigned(c, 4));
		break;
	case STRING:
		nul = c->at < c->end ? memchr(c->at, 0, cursor_left(c)) : NULL;
		if (nul)
			c->at = nul + 1;
		else
			cursor_fail(c);
		break;
	default:
		cursor_take(c, (uint64_t)step);
	}
}

static int over_attributes(const struct dwarf_shape *shape, struct cursor *c)
{
	if (shape->broken)
		return -EBADMSG;
	for (unsigned i = 0; i < shape->n_steps && !c->bad; i++)
		step_over(c, shape->steps[i]);
	return c->bad ? -EBADMSG : 0;
}

/* Over attributes, and over children too where DW_AT_sibling says how far. 1: children follow. */
static int over_entry(struct dwarf_entries *entries, struct cursor *c)
{
	const uint8_t *from = c->at, *to;
	const struct dwarf_shape *shape = take_shape(entries, c);
	struct cursor sibling = *c;
	int err;

	if (!shape)
		return -EBADMSG;
	if (shape->children && shape->sibling >= 0 && cursor_take(&sibling, (uint64_t)shape->sibling)) {
		uint64_t offset = cursor_unsigned(&sibling, 4);

		if (offset > (uint64_t)(entries->end - entries->start))
			return -EBADMSG;
		to = entries->start + offset;
		c->at = to;
		return to > from ? 0 : -EBADMSG;
	}
	err = over_attributes(shape, c);
	return err ? err : shape->children;
}

/* The entry at the cursor, unless it is the end of its siblings. */
static int entry_at(struct dwarf_entries *entries, const struct cursor *c, Dwarf_Die *die)
{
	if (c->at == c->end || !*c->at)
		return 1;
	*die = (Dwarf_Die){.addr = (void *)c->at, .cu = entries->unit};
	return 0;
}

int dwarf_entries_sibling(struct dwarf_entries *entries, Dwarf_Die *die, Dwarf_Die *next)
{
	struct cursor c = cursor_at(entries, die->addr);
	int more = over_entry(entries, &c);
	uint64_t depth;

	if (more < 0)
		return more;
	for (depth = (uint64_t)more; depth && c.at < c.end;) {
		if (!*c.at) {
			c.at++;
			depth--;
			continue;
		}
		more = over_entry(entries, &c);
		if (more < 0)
			return more;
		depth += (uint64_t)more;
	}
	return depth ? 1 : entry_at(entries, &c, next); /* dwz leaves out the last ends */
}

int dwarf_entries_child(struct dwarf_entries *entries, Dwarf_Die *die, Dwarf_Die *child)
{
	struct cursor c = cursor_at(entries, die->addr);
	const struct dwarf_shape *shape = take_shape(entries, &c);
	int err;

	if (!shape)
		return -EBADMSG;
	if (!shape->children)
		return 1;
	err = over_attributes(shape, &c);
	return err ? err : entry_at(entries, &c, child);
}
