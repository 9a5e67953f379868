// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/speedscope.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/text.h"
#include "export/tree.h"

#define SCHEMA "https://www.speedscope.app/file-format-schema.json"
#define MIXED UINT32_MAX /* differs */

struct source { /* of a tree's frame */
	uint32_t file; /* text id + 1; 0: none yet */
	uint32_t line; /* 0: none yet */
};

struct writer {
	const struct profile *profile;
	struct tree tree;
	struct tree_children children;
	struct source *sources; /* by tree frame */
	uint32_t *path;         /* tree frames from the thread's name in */
	uint32_t *next;         /* by depth: where children.list goes on */
	struct buf text;
	FILE *stream;
};

static uint32_t merge(uint32_t known, uint32_t other)
{
	return !known || known == other ? other : MIXED;
}

static void note_source(struct writer *writer, uint32_t frame, const struct profile_line *line)
{
	struct source *source = &writer->sources[frame];

	if (!*profile_text(writer->profile, line->file))
		return;
	source->file = merge(source->file, line->file + 1);
	source->line = merge(source->line, line->first_line ? line->first_line : line->line);
}

/* A run has its functions outermost first, a frame's lines innermost first. */
static void note_sources(struct writer *writer)
{
	const struct tree *tree = &writer->tree;

	for (uint32_t i = 0; i < writer->profile->frames.count; i++) {
		uint32_t count;
		const struct profile_line *lines = profile_get_lines(writer->profile, i, &count);

		for (uint32_t k = 0; k < count; k++)
			note_source(writer, tree->ids[tree->runs[i].first + count - 1 - k], &lines[k]);
	}
}

static uint32_t depth_of(const struct tree *tree, uint32_t *depths)
{
	uint32_t deepest = 0;

	for (uint32_t i = 1; i < tree->n_nodes; i++) {
		depths[i] = depths[tree->nodes[i].parent] + 1;
		if (depths[i] > deepest)
			deepest = depths[i];
	}
	return deepest;
}

static int init_path(struct writer *writer)
{
	uint32_t *depths = calloc(writer->tree.n_nodes, sizeof(*depths)), deepest;

	if (!depths)
		return -ENOMEM;
	deepest = depth_of(&writer->tree, depths);
	free(depths);
	writer->path = calloc((size_t)deepest + 1, sizeof(*writer->path));
	writer->next = calloc((size_t)deepest + 1, sizeof(*writer->next));
	return writer->path && writer->next ? 0 : -ENOMEM;
}

static int init(struct writer *writer)
{
	int err = tree_init(&writer->tree, writer->profile, 0);

	if (err)
		return err;
	err = tree_children_init(&writer->children, &writer->tree);
	if (!err)
		err = init_path(writer);
	if (err)
		return err;
	writer->sources = calloc((size_t)writer->tree.frames.count + 1, sizeof(*writer->sources));
	if (!writer->sources)
		return -ENOMEM;
	note_sources(writer);
	return 0;
}

static void release(struct writer *writer)
{
	free(writer->sources);
	free(writer->path);
	free(writer->next);
	tree_children_release(&writer->children);
	tree_release(&writer->tree);
	buf_release(&writer->text);
}

static void put_string(struct writer *writer, const char *text)
{
	buf_clear(&writer->text);
	text_json(&writer->text, text);
	if (!writer->text.failed)
		fwrite(writer->text.data, 1, writer->text.len, writer->stream);
}

static void put_frame(struct writer *writer, uint32_t i)
{
	const struct tree_frame *frame = intern_get(&writer->tree.frames, i, NULL);
	const struct source *source = &writer->sources[i];

	fputs(i ? ",\n{\"name\":" : "\n{\"name\":", writer->stream);
	put_string(writer, intern_get(&writer->tree.names, frame->name, NULL));
	if (source->file && source->file != MIXED) {
		fputs(",\"file\":", writer->stream);
		put_string(writer, profile_text(writer->profile, source->file - 1));
		if (source->line && source->line != MIXED)
			fprintf(writer->stream, ",\"line\":%" PRIu32, source->line);
	}
	fputc('}', writer->stream);
}

struct walk { /* over the tree, a node before its children */
	uint32_t node, depth;
};

static bool go_on(struct writer *writer, struct walk *walk)
{
	const struct tree_children *children = &writer->children;

	/* Up until there is a child that was not visited. */
	while (writer->next[walk->depth] == children->first[walk->node + 1]) {
		if (!walk->depth)
			return false;
		walk->node = writer->tree.nodes[walk->node].parent;
		walk->depth--;
	}
	walk->node = children->list[writer->next[walk->depth]++];
	writer->path[walk->depth++] = writer->tree.nodes[walk->node].frame;
	writer->next[walk->depth] = children->first[walk->node];
	return true;
}

static struct walk begin(struct writer *writer)
{
	writer->next[0] = writer->children.first[0];
	return (struct walk){0};
}

static void put_stacks(struct writer *writer)
{
	struct walk walk = begin(writer);
	const char *comma = "";

	while (go_on(writer, &walk)) {
		if (!writer->tree.nodes[walk.node].self)
			continue;
		fprintf(writer->stream, "%s\n[", comma);
		for (uint32_t i = 0; i < walk.depth; i++)
			fprintf(writer->stream, "%s%" PRIu32, i ? "," : "", writer->path[i]);
		fputc(']', writer->stream);
		comma = ",";
	}
}

static void put_weights(struct writer *writer)
{
	struct walk walk = begin(writer);
	const char *comma = "";

	while (go_on(writer, &walk)) {
		if (!writer->tree.nodes[walk.node].self)
			continue;
		fprintf(writer->stream, "%s%" PRIu64, comma, writer->tree.nodes[walk.node].self);
		comma = ",";
	}
}

static uint64_t total_of(const struct tree *tree)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < tree->n_nodes; i++)
		total += tree->nodes[i].self;
	return total;
}

static const char *type_of(const struct profile *profile)
{
	return profile_counts_samples(profile) ? "samples" : profile_text(profile, profile->value.type);
}

/* Those that it knows (src/lib/file-format-spec.ts, FileFormat.ValueUnit). */
static const char *unit_of(const struct profile *profile)
{
	static const char *const known[] = {"nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"};

	for (unsigned i = 0; i < sizeof(known) / sizeof(*known) && !profile_counts_samples(profile); i++)
		if (!strcmp(profile_text(profile, profile->value.unit), known[i]))
			return known[i];
	return "none";
}

/* "cycles on web1"; what is not known is left out. */
static void put_name(struct writer *writer, const struct trust *trust)
{
	struct buf name = {0};

	buf_puts(&name, trust && trust->event ? trust->event : type_of(writer->profile));
	if (trust && *trust->host)
		buf_printf(&name, " on %s", trust->host);
	buf_putc(&name, 0);
	if (name.failed)
		writer->text.failed = true;
	else
		put_string(writer, name.data);
	buf_release(&name);
}

static void put_profile(struct writer *writer, const struct trust *trust)
{
	FILE *stream = writer->stream;

	fputs("{\"type\":\"sampled\",\"name\":", stream);
	put_name(writer, trust);
	fprintf(stream, ",\"unit\":\"%s\",\"startValue\":0,\"endValue\":%" PRIu64 ",\n\"samples\":[",
		unit_of(writer->profile), total_of(&writer->tree));
	put_stacks(writer);
	fputs("],\n\"weights\":[", stream);
	put_weights(writer);
	fputs("]}", stream);
}

static void put_file(struct writer *writer, const struct trust *trust)
{
	FILE *stream = writer->stream;

	fputs("{\"$schema\":\"" SCHEMA "\",\n\"exporter\":\"profound@" PROFOUND_VERSION "\",\n\"name\":", stream);
	put_name(writer, trust);
	fputs(",\n\"activeProfileIndex\":0,\n\"shared\":{\"frames\":[", stream);
	for (uint32_t i = 0; i < writer->tree.frames.count; i++)
		put_frame(writer, i);
	fputs("]},\n\"profiles\":[", stream);
	put_profile(writer, trust);
	fputs("]}\n", stream);
}

int speedscope_write(const struct export_view *view, FILE *stream)
{
	struct writer writer = {.profile = view->profile, .stream = stream};
	int err = init(&writer);

	if (!err)
		put_file(&writer, view->trust);
	if (!err && writer.text.failed)
		err = -ENOMEM;
	release(&writer);
	return err;
}
