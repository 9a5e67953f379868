// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "export/frame_label.h"
#include "export/text.h"
#include "profile/trust.h"

struct builder {
	const struct profile *profile;
	struct tree *tree;
	unsigned options;
	struct buf name;
};

void tree_release(struct tree *tree)
{
	intern_release(&tree->names);
	intern_release(&tree->frames);
	free(tree->nodes);
	free(tree->slots);
	free(tree->runs);
	free(tree->ids);
	*tree = (struct tree){0};
}

const struct tree_frame *tree_frame(const struct tree *tree, uint32_t node)
{
	return intern_get(&tree->frames, tree->nodes[node].frame, NULL);
}

const char *tree_name(const struct tree *tree, uint32_t node)
{
	return intern_get(&tree->names, tree_frame(tree, node)->name, NULL);
}

/* The frame of the name in builder->name, which is emptied. */
static int intern_frame(struct builder *builder, enum tree_kind kind, uint32_t *id)
{
	struct tree_frame frame = {.kind = builder->options & TREE_WITH_KINDS ? kind : TREE_ROOT};
	struct buf *name = &builder->name;
	int err = name->failed ? -ENOMEM : 0;

	if (!err)
		err = intern_add(&builder->tree->names, name->data, name->len, &frame.name);
	if (!err)
		err = intern_add(&builder->tree->frames, &frame, sizeof(frame), id);
	buf_clear(name);
	return err;
}

static int intern_comm(struct builder *builder, const struct profile_sample *sample, uint32_t *id)
{
	const char *comm = profile_text(builder->profile, sample->comm);

	text_folded(&builder->name, *comm ? comm : "[unknown]");
	return intern_frame(builder, TREE_COMM, id);
}

static int intern_cut(struct builder *builder, const struct profile_sample *sample, uint32_t *id)
{
	buf_printf(&builder->name, "[truncated: %s]", counter_specs[sample->cut].name);
	return intern_frame(builder, TREE_CUT, id);
}

static enum tree_kind kind_of(const struct profile *profile, uint32_t frame)
{
	if (!profile->names || !profile->names[frame].named)
		return TREE_UNNAMED;
	if (profile->names[frame].type == FRAME_TYPE_CPYTHON)
		return TREE_PYTHON;
	switch (profile_get_frame(profile, frame)->kind) {
	case FRAME_KERNEL:
		return TREE_KERNEL;
	case FRAME_ANON:
		return TREE_JIT;
	case FRAME_UNKNOWN:
		return TREE_UNNAMED;
	default:
		return TREE_NATIVE;
	}
}

static int push_id(struct tree *tree, uint32_t id)
{
	if (tree->n_ids == tree->ids_cap) {
		uint32_t cap = tree->ids_cap ? tree->ids_cap * 2 : 256;
		uint32_t *ids = realloc(tree->ids, (size_t)cap * sizeof(*ids));

		if (!ids)
			return -ENOMEM;
		tree->ids = ids;
		tree->ids_cap = cap;
	}
	tree->ids[tree->n_ids++] = id;
	return 0;
}

static int build_run(struct builder *builder, uint32_t frame)
{
	enum tree_kind kind = kind_of(builder->profile, frame);
	const struct profile_line *lines;
	uint32_t count, id;
	int err = 0;

	lines = profile_get_lines(builder->profile, frame, &count);
	builder->tree->runs[frame] = (struct tree_run){builder->tree->n_ids, count};
	while (count-- && !err) {
		frame_label_put(&builder->name, builder->profile, frame, &lines[count],
			builder->options & TREE_WITH_LINES);
		err = intern_frame(builder, kind, &id);
		if (!err)
			err = push_id(builder->tree, id);
	}
	return err;
}

static uint32_t hash_of(uint32_t parent, uint32_t frame)
{
	/* Fibonacci hashing: the product's high bits depend on all of the key's. */
	uint64_t key = ((uint64_t)parent << 32 | frame) * 0x9e3779b97f4a7c15u;

	return (uint32_t)(key >> 32);
}

static int grow_nodes(struct tree *tree)
{
	uint32_t cap = tree->nodes_cap ? tree->nodes_cap * 2 : 1024;
	uint32_t mask = cap * 2 - 1;
	struct tree_node *nodes;
	uint32_t *slots;

	if (cap > UINT32_MAX / 4)
		return -ENOMEM;
	nodes = realloc(tree->nodes, (size_t)cap * sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	tree->nodes = nodes;
	slots = calloc((size_t)mask + 1, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (uint32_t node = 1; node < tree->n_nodes; node++) {
		uint32_t i = hash_of(nodes[node].parent, nodes[node].frame) & mask;

		while (slots[i])
			i = (i + 1) & mask;
		slots[i] = node;
	}
	free(tree->slots);
	tree->slots = slots;
	tree->slots_mask = mask;
	tree->nodes_cap = cap;
	return 0;
}

/* Moves *node to its child with this frame, made when it is new. */
static int descend(struct tree *tree, uint32_t frame, uint32_t *node)
{
	uint32_t i;

	if (tree->n_nodes == tree->nodes_cap) {
		int err = grow_nodes(tree);

		if (err)
			return err;
	}
	i = hash_of(*node, frame) & tree->slots_mask;
	for (; tree->slots[i]; i = (i + 1) & tree->slots_mask) {
		const struct tree_node *at = &tree->nodes[tree->slots[i]];

		if (at->parent == *node && at->frame == frame) {
			*node = tree->slots[i];
			return 0;
		}
	}
	tree->nodes[tree->n_nodes] = (struct tree_node){.parent = *node, .frame = frame};
	tree->slots[i] = tree->n_nodes;
	*node = tree->n_nodes++;
	return 0;
}

static int descend_head(
	struct builder *builder, const struct profile_sample *sample, uint32_t *node)
{
	uint32_t id;
	int err = intern_comm(builder, sample, &id);

	if (!err)
		err = descend(builder->tree, id, node);
	if (err || !sample->cut)
		return err;
	err = intern_cut(builder, sample, &id);
	return err ? err : descend(builder->tree, id, node);
}

static int add_sample(struct builder *builder, uint32_t i)
{
	const struct profile_sample *sample = profile_get_sample(builder->profile, i);
	uint32_t count, node = 0;
	const uint32_t *frames = profile_get_stack(builder->profile, sample->stack, &count);
	int err;

	if (!builder->profile->counts[i])
		return 0;
	err = descend_head(builder, sample, &node);
	while (count-- && !err) {
		const struct tree_run *run = &builder->tree->runs[frames[count]];

		for (uint32_t k = 0; k < run->count && !err; k++)
			err = descend(builder->tree, builder->tree->ids[run->first + k], &node);
	}
	if (!err)
		builder->tree->nodes[node].self += builder->profile->counts[i];
	return err;
}

static int build_root(struct builder *builder)
{
	struct tree *tree = builder->tree;
	uint32_t id;
	int err;

	buf_puts(&builder->name, "all");
	err = intern_frame(builder, TREE_ROOT, &id);
	if (!err)
		err = grow_nodes(tree);
	if (!err)
		tree->nodes[tree->n_nodes++] = (struct tree_node){.frame = id};
	return err;
}

int tree_init(struct tree *tree, const struct profile *profile, unsigned options)
{
	struct builder builder = {.profile = profile, .tree = tree, .options = options};
	int err = -ENOMEM;

	*tree = (struct tree){0};
	tree->runs = calloc((size_t)profile->frames.count + 1, sizeof(*tree->runs));
	if (!tree->runs)
		goto release;
	err = build_root(&builder);
	for (uint32_t i = 0; i < profile->frames.count && !err; i++)
		err = build_run(&builder, i);
	for (uint32_t i = 0; i < profile->samples.count && !err; i++)
		err = add_sample(&builder, i);
release:
	if (err)
		tree_release(tree);
	buf_release(&builder.name);
	return err;
}

int tree_children_init(struct tree_children *children, const struct tree *tree)
{
	uint32_t *first = calloc((size_t)tree->n_nodes + 2, sizeof(*first));
	uint32_t *list = calloc(tree->n_nodes, sizeof(*list));

	if (!first || !list) {
		free(first);
		free(list);
		return -ENOMEM;
	}
	/* Counted two places on, so that filling a run moves first[n + 1] from its start to its
	 * end. */
	for (uint32_t i = 1; i < tree->n_nodes; i++)
		first[tree->nodes[i].parent + 2]++;
	for (uint32_t i = 2; i <= tree->n_nodes; i++)
		first[i] += first[i - 1];
	for (uint32_t i = 1; i < tree->n_nodes; i++)
		list[first[tree->nodes[i].parent + 1]++] = i;
	*children = (struct tree_children){first, list};
	return 0;
}

void tree_children_release(struct tree_children *children)
{
	free(children->first);
	free(children->list);
	*children = (struct tree_children){0};
}
