/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile as a tree of names: root, comm, [truncated: cause] where the stack was cut, then the
 * functions from the outermost in, inlined ones as nodes of their own. Samples with equal names
 * share a path, so a path with `self` samples is one folded line. Names are as in folded lines:
 * clean UTF-8, no `;`, "_[k]" behind kernel ones.
 *
 * Nodes are one flat array, parents before children; nothing here recurses, whatever the depth.
 */
#ifndef PROFOUND_TREE_H
#define PROFOUND_TREE_H

#include <stdint.h>

#include "profile/profile.h"

enum tree_kind {
	TREE_ROOT,
	TREE_COMM,
	TREE_KERNEL,
	TREE_NATIVE,
	TREE_JIT, /* code made at run time, named by a perf-map */
	TREE_UNNAMED,
	TREE_CUT,
	TREE_PYTHON, /* an interpreter's function */
	TREE_KINDS,
};

enum tree_options {
	TREE_WITH_KINDS = 1, /* equal names of different kinds are nodes of their own */
	TREE_WITH_LINES = 2, /* a name has its source line: "function (file.c:12)" */
};

struct tree_frame {    /* what a node shows */
	uint32_t name; /* text id in tree.names */
	uint32_t kind; /* enum tree_kind; TREE_ROOT for all without TREE_WITH_KINDS */
};

struct tree_node {
	uint32_t parent; /* index; the root's is itself */
	uint32_t frame;  /* id in tree.frames */
	uint64_t self;   /* samples that end here */
};

struct tree_run { /* what a frame of the profile became: one frame a function, outermost first */
	uint32_t first, count; /* in tree.ids */
};

struct tree {
	struct intern names;
	struct intern frames;    /* of struct tree_frame */
	struct tree_node *nodes; /* nodes[0] is the root, "all" */
	uint32_t n_nodes, nodes_cap;
	uint32_t *slots; /* by (parent, frame): index, 0 is free */
	uint32_t slots_mask;
	struct tree_run *runs; /* by profile frame */
	uint32_t *ids;         /* of tree frames */
	uint32_t n_ids, ids_cap;
};

/* `options` of enum tree_options. 0, or -ENOMEM and *tree zeroed. */
int tree_init(struct tree *tree, const struct profile *profile, unsigned options);
void tree_release(struct tree *tree);

const struct tree_frame *tree_frame(const struct tree *tree, uint32_t node);
const char *tree_name(const struct tree *tree, uint32_t node);

/* Children as runs: those of node n are list[first[n]] .. list[first[n + 1] - 1]. Both arrays are
 * the caller's. */
struct tree_children {
	uint32_t *first; /* n_nodes + 1 */
	uint32_t *list;  /* n_nodes - 1 */
};

int tree_children_init(struct tree_children *children, const struct tree *tree);
void tree_children_release(struct tree_children *children);

#endif
