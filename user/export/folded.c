// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Folded lines (CLI.md), sorted as LC_ALL=C sort would. The order of lines is not that of names: a
 * name that ends a line is followed by a space, one that goes on by a semicolon, and other bytes
 * lie between the two. So each node of the tree gives up to two items to its parent, "name COUNT"
 * and "name;", and the items of one parent are sorted: whatever starts with "name;" stands
 * together.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "export/exporter.h"
#include "export/tree.h"

struct item {
	const char *key; /* the name and what follows it */
	size_t len;
	uint32_t node;
	bool ends; /* the line's end; else the start of all lines below the node */
};

struct level {              /* one step of the path that is being written */
	uint32_t next, end; /* items left */
	size_t prefix;      /* length of the line so far */
};

struct walk {
	const struct tree *tree;
	const struct tree_children *children;
	struct item *items; /* a stack: each level's run of items, sorted */
	uint32_t n_items, items_cap;
	struct level *levels;
	uint32_t n_levels, levels_cap;
	struct buf line;
	FILE *stream;
};

/* Names are followed by a NUL in their table; it is compared as the byte that follows in the line.
 */
static int compare_items(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	size_t common = a->len < b->len ? a->len : b->len;
	int order = memcmp(a->key, b->key, common);

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int push_item(struct walk *walk, uint32_t node, bool ends)
{
	const char *name = tree_name(walk->tree, node);
	struct item item = {.node = node, .ends = ends};
	char *key;
	int len;

	if (walk->n_items == walk->items_cap) {
		uint32_t cap = walk->items_cap ? walk->items_cap * 2 : 256;
		struct item *items = realloc(walk->items, (size_t)cap * sizeof(*items));

		if (!items)
			return -ENOMEM;
		walk->items = items;
		walk->items_cap = cap;
	}
	if (ends)
		len = asprintf(&key, "%s %" PRIu64 "\n", name, walk->tree->nodes[node].self);
	else
		len = asprintf(&key, "%s;", name);
	if (len < 0)
		return -ENOMEM;
	item.key = key;
	item.len = (size_t)len;
	walk->items[walk->n_items++] = item;
	return 0;
}

/* Enters a node: its children's items become a level of their own. */
static int push_level(struct walk *walk, uint32_t node)
{
	const struct tree_children *children = walk->children;
	uint32_t start = walk->n_items;
	int err = 0;

	for (uint32_t i = children->first[node]; i < children->first[node + 1] && !err; i++) {
		uint32_t child = children->list[i];

		if (walk->tree->nodes[child].self)
			err = push_item(walk, child, true);
		if (!err && children->first[child] < children->first[child + 1])
			err = push_item(walk, child, false);
	}
	if (err)
		return err;
	if (walk->n_items > start)
		qsort(walk->items + start, walk->n_items - start, sizeof(*walk->items),
			compare_items);
	if (walk->n_levels == walk->levels_cap) {
		uint32_t cap = walk->levels_cap ? walk->levels_cap * 2 : 64;
		struct level *levels = realloc(walk->levels, (size_t)cap * sizeof(*levels));

		if (!levels)
			return -ENOMEM;
		walk->levels = levels;
		walk->levels_cap = cap;
	}
	walk->levels[walk->n_levels++] = (struct level){start, walk->n_items, walk->line.len};
	return 0;
}

static void pop_items(struct walk *walk, uint32_t keep)
{
	while (walk->n_items > keep)
		free((char *)walk->items[--walk->n_items].key);
}

/* Writes the next line or goes one level up or down. */
static int step(struct walk *walk)
{
	struct level *level = &walk->levels[walk->n_levels - 1];
	const struct item *item;

	walk->line.len = level->prefix;
	if (level->next == level->end) {
		walk->n_levels--;
		pop_items(walk, walk->n_levels ? walk->levels[walk->n_levels - 1].end : 0);
		return 0;
	}
	item = &walk->items[level->next++];
	if (buf_append(&walk->line, item->key, item->len))
		return -ENOMEM;
	if (!item->ends)
		return push_level(walk, item->node);
	fwrite(walk->line.data, 1, walk->line.len, walk->stream);
	return 0;
}

static int write_tree(const struct tree *tree, FILE *stream)
{
	struct tree_children children;
	struct walk walk = {.tree = tree, .children = &children, .stream = stream};
	int err = tree_children_init(&children, tree);

	if (err)
		return err;
	err = push_level(&walk, 0);
	while (walk.n_levels && !err && !ferror(stream))
		err = step(&walk);
	pop_items(&walk, 0);
	free(walk.items);
	free(walk.levels);
	buf_release(&walk.line);
	tree_children_release(&children);
	return err;
}

int folded_write(const struct export_view *view, FILE *stream)
{
	struct tree tree;
	int err = tree_init(&tree, view->profile, view->lines ? TREE_WITH_LINES : 0);

	if (err)
		return err;
	err = write_tree(&tree, stream);
	tree_release(&tree);
	return err;
}
