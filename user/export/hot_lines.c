// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/hot_lines.h"

#include <errno.h>
#include <stdlib.h>

struct place { /* interned by its bytes: no padding */
	uint32_t frame, file, line;
};

struct adding {
	const struct tree *tree;
	const struct profile *profile;
	struct intern places;
	uint32_t *ids;     /* by line of the profile: 1 + place id; 0: it names no source line */
	uint64_t *samples; /* by place */
	uint32_t *seen;    /* by place: 1 + the last sample that counted */
};

void hot_lines_release(struct hot_lines *lines)
{
	free(lines->at);
	*lines = (struct hot_lines){0};
}

/* A frame's lines stand innermost first, its run in the tree outermost first. */
static int intern_lines(struct adding *adding, uint32_t frame)
{
	const struct tree_run *run = &adding->tree->runs[frame];
	uint32_t count;
	const struct profile_line *lines = profile_get_lines(adding->profile, frame, &count);
	int err = 0;

	for (uint32_t i = 0; i < count && !err; i++) {
		struct place place = {
			.frame = adding->tree->ids[run->first + count - 1 - i],
			.file = lines[i].file, .line = lines[i].line,
		};
		uint32_t id;

		if (!lines[i].line)
			continue;
		err = intern_add(&adding->places, &place, sizeof(place), &id);
		if (!err)
			adding->ids[lines + i - adding->profile->lines] = id + 1;
	}
	return err;
}

static void add_frame(struct adding *adding, uint32_t frame, uint32_t sample)
{
	uint32_t count;
	const struct profile_line *lines = profile_get_lines(adding->profile, frame, &count);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t id = adding->ids[lines + i - adding->profile->lines];

		if (!id-- || adding->seen[id] == sample + 1)
			continue;
		adding->seen[id] = sample + 1;
		adding->samples[id] += adding->profile->counts[sample];
	}
}

static void add_samples(struct adding *adding)
{
	for (uint32_t i = 0; i < adding->profile->samples.count; i++) {
		uint32_t count;
		const uint32_t *frames = profile_get_stack(adding->profile,
			profile_get_sample(adding->profile, i)->stack, &count);

		for (uint32_t k = 0; k < count; k++)
			add_frame(adding, frames[k], i);
	}
}

static int heaviest_first(const void *left, const void *right)
{
	const struct hot_line *a = left, *b = right;

	if (a->frame != b->frame)
		return a->frame < b->frame ? -1 : 1;
	if (a->samples != b->samples)
		return a->samples > b->samples ? -1 : 1;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return (a->line > b->line) - (a->line < b->line);
}

static int collect(const struct adding *adding, struct hot_lines *lines)
{
	uint32_t n = adding->places.count, kept = 0, run = 0;
	struct hot_line *at = malloc((n ? n : 1) * sizeof(*at));

	if (!at)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		const struct place *place = intern_get(&adding->places, i, NULL);

		at[i] = (struct hot_line){
			place->frame, place->file, place->line, adding->samples[i]};
	}
	qsort(at, n, sizeof(*at), heaviest_first);
	for (uint32_t i = 0; i < n; i++) {
		run = kept && at[kept - 1].frame == at[i].frame ? run + 1 : 1;
		if (at[i].samples && run <= HOT_LINES_SHOWN)
			at[kept++] = at[i];
	}
	*lines = (struct hot_lines){at, kept};
	return 0;
}

int hot_lines_init(struct hot_lines *lines, const struct tree *tree, const struct profile *profile)
{
	struct adding adding = {.tree = tree, .profile = profile};
	int err = -ENOMEM;

	*lines = (struct hot_lines){0};
	adding.ids = calloc((size_t)profile->n_lines + 1, sizeof(*adding.ids));
	if (!adding.ids)
		return -ENOMEM;
	err = 0;
	for (uint32_t i = 0; i < profile->frames.count && !err; i++)
		err = intern_lines(&adding, i);
	if (err)
		goto release;
	adding.samples = calloc((size_t)adding.places.count + 1, sizeof(*adding.samples));
	adding.seen = calloc((size_t)adding.places.count + 1, sizeof(*adding.seen));
	err = -ENOMEM;
	if (!adding.samples || !adding.seen)
		goto release;
	add_samples(&adding);
	err = collect(&adding, lines);
release:
	intern_release(&adding.places);
	free(adding.ids);
	free(adding.samples);
	free(adding.seen);
	return err;
}
