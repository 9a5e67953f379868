// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/dwarf_walk.h"

#include <dwarf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* Siblings that are being looked at, and which addresses are wanted of them. */
struct level {
	Dwarf_Die die;
	size_t first, count; /* in walk->subset */
	int32_t function;    /* the one that holds them; -1: none */
	bool in_function;    /* they are below one, whether or not it covers what is wanted */
};

/* Where functions are looked for; each costs several times what the one before it does. */
enum reach {
	AT_TOP,       /* of the unit and its namespaces, where nearly all are */
	IN_FUNCTIONS, /* also below functions that cover nothing wanted: gcc puts a lambda's code there */
	EVERYWHERE,
	REACHES,
};

struct path {
	struct level levels[DWARF_DEPTH_MAX];
	size_t depth;
	enum reach reach;
};

enum kind { OTHER, FUNCTION, BLOCK, SCOPE };

int dwarf_walk_init(struct dwarf_walk *walk, const struct dwarf_file *file, const uint64_t *addresses, size_t count)
{
	*walk = (struct dwarf_walk){.file = file, .addresses = addresses, .count = count};
	walk->found = malloc((count + !count) * sizeof(*walk->found));
	if (!walk->found)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		walk->found[i] = -1;
	return 0;
}

void dwarf_walk_release(struct dwarf_walk *walk)
{
	dwarf_entries_release(&walk->entries);
	free(walk->found);
	free(walk->functions);
	free(walk->subset);
	*walk = (struct dwarf_walk){0};
}

static enum kind kind_of(unsigned tag)
{
	switch (tag) {
	case DW_TAG_subprogram:
	case DW_TAG_inlined_subroutine:
		return FUNCTION;
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
	case DW_TAG_with_stmt:
		return BLOCK;
	case DW_TAG_namespace:
	case DW_TAG_module:
		return SCOPE;
	default:
		return OTHER;
	}
}

static int push_address(struct dwarf_walk *walk, uint32_t number)
{
	if (walk->n_subset == walk->subset_cap) {
		size_t cap = walk->subset_cap ? walk->subset_cap * 2 : 256;
		uint32_t *subset = reallocarray(walk->subset, cap, sizeof(*subset));

		if (!subset)
			return -ENOMEM;
		walk->subset = subset;
		walk->subset_cap = cap;
	}
	walk->subset[walk->n_subset++] = number;
	return 0;
}

static size_t first_at(const struct dwarf_walk *walk, const struct level *level, uint64_t address)
{
	size_t low = level->first, high = level->first + level->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (walk->addresses[walk->subset[middle]] < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Ranges of one entry may overlap or come in any order: what is below searches a sorted list. */
static int by_number(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

static void sort_subset(struct dwarf_walk *walk, size_t first)
{
	uint32_t *at = walk->subset + first;
	size_t n = walk->n_subset - first, kept = 0;

	qsort(at, n, sizeof(*at), by_number);
	for (size_t i = 0; i < n; i++)
		if (!kept || at[kept - 1] != at[i])
			at[kept++] = at[i];
	walk->n_subset = first + kept;
}

/* Pushes the addresses of the level that the entry covers; *ranges: how many it has. 0 or -ENOMEM. */
static int push_covered(struct dwarf_walk *walk, const struct level *level, Dwarf_Die *die, size_t *ranges)
{
	size_t first = walk->n_subset;
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	*ranges = 0;
	while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		++*ranges;
		if (start >= end || !dwarf_file_is_code(walk->file, start))
			continue;
		for (size_t i = first_at(walk, level, start); i < level->first + level->count; i++) {
			if (walk->addresses[walk->subset[i]] >= end)
				break;
			if (push_address(walk, walk->subset[i]))
				return -ENOMEM;
		}
	}
	if (*ranges > 1 && walk->n_subset > first + 1)
		sort_subset(walk, first);
	return 0;
}

static int add_function(struct dwarf_walk *walk, Dwarf_Die *die, int32_t parent, size_t first)
{
	if (walk->n_functions == INT32_MAX)
		return -ENOMEM;
	if (walk->n_functions == walk->functions_cap) {
		size_t cap = walk->functions_cap ? walk->functions_cap * 2 : 64;
		struct dwarf_function *functions = reallocarray(walk->functions, cap, sizeof(*functions));

		if (!functions)
			return -ENOMEM;
		walk->functions = functions;
		walk->functions_cap = cap;
	}
	for (size_t i = first; i < walk->n_subset; i++)
		walk->found[walk->subset[i]] = (int32_t)walk->n_functions;
	walk->functions[walk->n_functions++] = (struct dwarf_function){*die, parent};
	return 0;
}

/* Goes below the entry, where only the addresses pushed since `first` count. 1: there is something. */
static int descend(struct path *path, struct dwarf_walk *walk, Dwarf_Die *die, size_t first, int32_t function)
{
	struct level *below = &path->levels[path->depth];
	int has;

	if (path->depth == DWARF_DEPTH_MAX)
		return -EBADMSG;
	has = dwarf_entries_child(&walk->entries, die, &below->die);
	if (has)
		return has < 0 ? -EBADMSG : 0;
	below->first = first;
	below->count = walk->n_subset - first;
	below->function = function;
	below->in_function = function >= 0 || (path->depth && path->levels[path->depth - 1].in_function);
	path->depth++;
	return 1;
}

static int push_same(struct dwarf_walk *walk, const struct level *level)
{
	for (size_t i = 0; i < level->count; i++)
		if (push_address(walk, walk->subset[level->first + i]))
			return -ENOMEM;
	return 0;
}

/* Everything below, with the same addresses; a function in it is in no function that holds it. */
static int enter_scope(struct path *path, struct dwarf_walk *walk, const struct level *level, Dwarf_Die *die,
	int32_t function)
{
	size_t first = walk->n_subset;
	int err = push_same(walk, level);

	return err ? err : descend(path, walk, die, first, function);
}

static bool enters(const struct path *path, const struct level *level)
{
	return path->reach == EVERYWHERE || (path->reach == IN_FUNCTIONS && level->in_function);
}

/* A function that does not cover what is wanted; others may be inside of it. */
static int enter_function(struct path *path, struct dwarf_walk *walk, const struct level *level, Dwarf_Die *die)
{
	int below = enter_scope(path, walk, level, die, -1);

	if (below > 0)
		path->levels[path->depth - 1].in_function = true;
	return below;
}

/* 1: went below; 0: nothing wanted in there; or an error. */
static int visit(struct path *path, struct dwarf_walk *walk, const struct level *level, Dwarf_Die *die)
{
	const struct dwarf_shape *shape = dwarf_entries_shape(&walk->entries, die);
	enum kind kind = shape ? kind_of(shape->tag) : OTHER;
	size_t first = walk->n_subset, ranges = 0;
	int err = 0;

	if (!shape)
		return -EBADMSG;
	if (kind == SCOPE || (kind == OTHER && enters(path, level)))
		return enter_scope(path, walk, level, die, level->function);
	if (kind == OTHER)
		return 0;
	if (shape->code)
		err = push_covered(walk, level, die, &ranges);
	if (err)
		return err;
	if (walk->n_subset == first) {
		if (kind == FUNCTION && path->reach != AT_TOP)
			return enter_function(path, walk, level, die);
		return kind == BLOCK && !ranges ? enter_scope(path, walk, level, die, level->function) : 0;
	}
	if (kind == BLOCK)
		return descend(path, walk, die, first, level->function);
	err = add_function(walk, die, shape->tag == DW_TAG_subprogram ? -1 : level->function, first);
	return err ? err : descend(path, walk, die, first, (int32_t)walk->n_functions - 1);
}

/* To the next entry that was not looked at. 0: done. */
static int advance(struct path *path, struct dwarf_walk *walk)
{
	while (path->depth) {
		struct level *level = &path->levels[path->depth - 1];
		Dwarf_Die next;
		int has = dwarf_entries_sibling(&walk->entries, &level->die, &next);

		if (has < 0)
			return -EBADMSG;
		walk->n_subset = level->first + level->count;
		if (!has) {
			level->die = next;
			return 1;
		}
		walk->n_subset = level->first;
		path->depth--;
	}
	return 0;
}

static int run(struct path *path, struct dwarf_walk *walk, Dwarf_Die *unit)
{
	int more = descend(path, walk, unit, 0, -1);

	while (more > 0) {
		struct level level = path->levels[path->depth - 1];
		int below = visit(path, walk, &level, &level.die);

		if (below < 0)
			return below;
		more = below ? 1 : advance(path, walk);
	}
	return more;
}

static int walk_once(struct dwarf_walk *walk, Dwarf_Die *unit, enum reach reach)
{
	struct path *path = malloc(sizeof(*path));
	int err = path ? 0 : -ENOMEM;

	walk->n_subset = 0;
	for (size_t i = 0; i < walk->count && !err; i++)
		if (walk->found[i] < 0)
			err = push_address(walk, (uint32_t)i);
	if (!err && walk->n_subset) {
		path->depth = 0;
		path->reach = reach;
		err = run(path, walk, unit);
	}
	free(path);
	return err;
}

int dwarf_walk_unit(struct dwarf_walk *walk, Dwarf_Die *unit)
{
	int err = dwarf_entries_init(&walk->entries, unit);

	for (enum reach reach = AT_TOP; reach < REACHES && !err; reach++)
		err = walk_once(walk, unit, reach);
	return err;
}
