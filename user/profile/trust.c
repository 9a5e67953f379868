// SPDX-License-Identifier: GPL-2.0-or-later
#include "profile/trust.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct counter_spec counter_specs[COUNTERS] = {
#define COUNTER(class, name, help) [COUNTER_##name] = {CLASS_##class, #name, help},
#include "counters.def"
#undef COUNTER
};

static void free_unnamed(struct trust_unnamed *unnamed, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		free(unnamed[i].file);
	free(unnamed);
}

static void free_top(struct trust_top *top, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		free(top[i].comm);
		free(top[i].function);
	}
	free(top);
}

static void free_cut_files(char **files)
{
	for (int i = 0; i < COUNTERS; i++)
		free(files[i]);
}

void trust_release(struct trust *trust)
{
	if (!trust)
		return;
	free_unnamed(trust->unnamed, trust->n_unnamed);
	free_top(trust->top, trust->n_top);
	free_cut_files(trust->cut_file);
	free(trust->event_owned);
	*trust = (struct trust){0};
}

/* Weights by an interned key. */
struct tally {
	struct intern keys;
	uint64_t *weights;
	uint32_t cap;
};

static void tally_release(struct tally *tally)
{
	intern_release(&tally->keys);
	free(tally->weights);
}

static int tally_add(struct tally *tally, const void *key, size_t len, uint64_t weight)
{
	uint32_t before = tally->keys.count, id;
	int err;

	if (before == tally->cap) {
		uint32_t cap = tally->cap ? tally->cap * 2 : 64;
		uint64_t *weights = realloc(tally->weights, (size_t)cap * sizeof(*weights));

		if (!weights)
			return -ENOMEM;
		tally->weights = weights;
		tally->cap = cap;
	}
	err = intern_add(&tally->keys, key, len, &id);
	if (err)
		return err;
	if (id == before)
		tally->weights[id] = 0;
	tally->weights[id] += weight;
	return 0;
}

/* Who used the CPU itself: the thread name and the innermost function, or why there is none. */
struct self_key {
	uint32_t comm;
	uint32_t function; /* text id; UINT32_MAX: no frame */
	uint32_t cut;      /* of a sample without a frame */
	uint32_t kernel;
};

/* Where a stack was cut. */
struct cut_key {
	uint32_t cut;
	uint32_t frame; /* the last that was found */
};

struct self_item {
	struct self_key key;
	uint64_t samples;
};

struct counting {
	const struct profile *profile;
	uint64_t *weights;   /* by frame: samples whose stacks hold it, once for each time */
	uint8_t *stack_seen; /* by stack */
	struct tally self;
	struct tally cuts;
	struct trust got;
};

/* Whose time it is: an interpreter's function has that of the C functions that do its work. */
static uint32_t self_frame(const struct profile *profile, const uint32_t *frames, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (profile->names[frames[i]].type == FRAME_TYPE_CPYTHON)
			return frames[i];
	return frames[0];
}

static struct self_key self_of(const struct profile *profile, const struct profile_sample *sample,
	const uint32_t *frames, uint32_t count)
{
	struct self_key key = {.comm = sample->comm, .function = UINT32_MAX, .cut = sample->cut};
	const struct profile_line *lines;
	uint32_t n_lines, self;

	if (!count)
		return key;
	self = self_frame(profile, frames, count);
	key.cut = 0;
	key.kernel = profile_get_frame(profile, self)->kind == FRAME_KERNEL;
	lines = profile_get_lines(profile, self, &n_lines);
	if (n_lines)
		key.function = lines[0].function;
	return key;
}

/* Weights times frames may be more than a figure holds: samples of a file that was read are any number. */
static void add_frames(int64_t *figure, uint64_t weight, uint32_t count)
{
	int64_t more;

	if (__builtin_mul_overflow(weight, count, &more) || __builtin_add_overflow(*figure, more, figure))
		*figure = INT64_MAX;
}

/* Adds the frames' weights; whether all of them have a name. */
static bool weigh_frames(
	struct counting *counting, const uint32_t *frames, uint32_t count, uint64_t weight)
{
	const struct frame_names *names = counting->profile->names;
	bool all_named = true;

	for (uint32_t i = 0; i < count; i++) {
		counting->weights[frames[i]] += weight;
		all_named &= names[frames[i]].named;
	}
	return all_named;
}

static int note_cut(struct counting *counting, const struct profile_sample *sample,
	const uint32_t *frames, uint32_t count, uint64_t weight)
{
	struct cut_key key = {.cut = sample->cut};

	if (!sample->cut || !count)
		return 0;
	key.frame = frames[count - 1];
	if (profile_get_frame(counting->profile, key.frame)->kind != FRAME_FILE)
		return 0;
	return tally_add(&counting->cuts, &key, sizeof(key), weight);
}

static int count_sample(struct counting *counting, uint32_t i)
{
	const struct profile_sample *sample = profile_get_sample(counting->profile, i);
	uint64_t weight = counting->profile->counts[i];
	struct trust *got = &counting->got;
	struct self_key key;
	uint32_t count;
	const uint32_t *frames = profile_get_stack(counting->profile, sample->stack, &count);
	bool all_named = weigh_frames(counting, frames, count, weight);

	got->distinct += !counting->stack_seen[sample->stack];
	counting->stack_seen[sample->stack] = 1;
	add_frames(&got->frames, weight, count);
	if (sample->cut)
		got->counter[sample->cut] += (int64_t)weight;
	else if (sample->flags & SAMPLE_UNVERIFIED)
		got->unverified += (int64_t)weight;
	else
		got->complete += (int64_t)weight;
	if (!sample->cut && !(sample->flags & SAMPLE_UNVERIFIED) && all_named)
		got->complete_and_named += (int64_t)weight;
	key = self_of(counting->profile, sample, frames, count);
	return note_cut(counting, sample, frames, count, weight) ?: tally_add(&counting->self, &key, sizeof(key), weight);
}

static int compare_unnamed(const void *left, const void *right)
{
	const struct trust_unnamed *a = left, *b = right;

	if (a->frames != b->frames)
		return a->frames < b->frames ? 1 : -1;
	return strcmp(a->file, b->file);
}

static int take_unnamed(struct trust *got, const struct tally *files)
{
	got->unnamed = calloc(files->keys.count ? files->keys.count : 1, sizeof(*got->unnamed));
	if (!got->unnamed)
		return -ENOMEM;
	for (uint32_t i = 0; i < files->keys.count; i++) {
		char *file = strdup(intern_get(&files->keys, i, NULL));

		if (!file)
			return -ENOMEM;
		got->unnamed[got->n_unnamed++] = (struct trust_unnamed){file, files->weights[i]};
	}
	qsort(got->unnamed, got->n_unnamed, sizeof(*got->unnamed), compare_unnamed);
	return 0;
}

static int count_names(struct counting *counting,
	const char *(*file_of)(void *context, const struct frame *frame), void *context)
{
	const struct profile *profile = counting->profile;
	struct trust *got = &counting->got;
	struct tally files = {0};
	int err = 0;

	for (uint32_t i = 0; i < profile->frames.count && !err; i++) {
		const char *file;

		if (!counting->weights[i])
			continue;
		if (profile->names[i].named) {
			add_frames(&got->named, counting->weights[i], 1);
			continue;
		}
		add_frames(&got->counter[profile->names[i].why_not], counting->weights[i], 1);
		file = file_of(context, profile_get_frame(profile, i));
		err = tally_add(&files, file, strlen(file), counting->weights[i]);
	}
	if (!err)
		err = take_unnamed(got, &files);
	tally_release(&files);
	return err;
}

/* Weights by cause and file: a byte, then the file's name. */
static int tally_cut_files(const struct counting *counting, struct tally *files,
	const char *(*file_of)(void *context, const struct frame *frame), void *context)
{
	int err = 0;

	for (uint32_t i = 0; i < counting->cuts.keys.count && !err; i++) {
		struct cut_key key;
		char text[256];
		int len;

		memcpy(&key, intern_get(&counting->cuts.keys, i, NULL), sizeof(key));
		len = snprintf(text, sizeof(text), "%c%s", (char)key.cut,
			file_of(context, profile_get_frame(counting->profile, key.frame)));
		if (len >= (int)sizeof(text))
			len = sizeof(text) - 1;
		err = tally_add(files, text, (size_t)len, counting->cuts.weights[i]);
	}
	return err;
}

static int take_cut_files(struct counting *counting,
	const char *(*file_of)(void *context, const struct frame *frame), void *context)
{
	uint64_t most[COUNTERS] = {0};
	struct tally files = {0};
	int err = tally_cut_files(counting, &files, file_of, context);

	for (uint32_t i = 0; i < files.keys.count && !err; i++) {
		size_t len;
		const char *key = intern_get(&files.keys, i, &len);
		unsigned cut = (unsigned char)key[0];

		if (files.weights[i] <= most[cut])
			continue;
		most[cut] = files.weights[i];
		free(counting->got.cut_file[cut]);
		counting->got.cut_file[cut] = strndup(key + 1, len - 1);
		err = counting->got.cut_file[cut] ? 0 : -ENOMEM;
	}
	tally_release(&files);
	return err;
}

/* The function as people see it, or NULL. */
static char *self_function(const struct profile *profile, const struct self_key *key)
{
	char *text;
	int len;

	if (key->function != UINT32_MAX)
		len = asprintf(&text, "%s%s", profile_text(profile, key->function),
			key->kernel ? "_[k]" : "");
	else if (key->cut)
		len = asprintf(&text, "[truncated: %s]", counter_specs[key->cut].name);
	else
		len = asprintf(&text, "%s", "");
	return len < 0 ? NULL : text;
}

/* Keeps `best` sorted, most first; the earlier of equals stays ahead. */
static uint32_t keep_best(struct self_item *best, uint32_t count, struct self_item item)
{
	uint32_t at = count;

	while (at && best[at - 1].samples < item.samples)
		at--;
	if (at == TRUST_TOP)
		return count;
	if (count == TRUST_TOP)
		count--;
	memmove(best + at + 1, best + at, (count - at) * sizeof(*best));
	best[at] = item;
	return count + 1;
}

static int take_top(struct counting *counting)
{
	const struct tally *self = &counting->self;
	struct self_item best[TRUST_TOP];
	struct trust *got = &counting->got;
	uint32_t count = 0;

	for (uint32_t i = 0; i < self->keys.count; i++) {
		struct self_item item = {.samples = self->weights[i]};

		memcpy(&item.key, intern_get(&self->keys, i, NULL), sizeof(item.key));
		count = keep_best(best, count, item);
	}
	got->top = calloc(TRUST_TOP, sizeof(*got->top));
	if (!got->top)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		struct trust_top *top = &got->top[got->n_top++];

		top->samples = best[i].samples;
		top->comm = strdup(profile_text(counting->profile, best[i].key.comm));
		top->function = self_function(counting->profile, &best[i].key);
		if (!top->comm || !top->function)
			return -ENOMEM;
	}
	return 0;
}

/* Replaces in *trust what counting derived, and nothing else. */
static void take_over(struct trust *trust, struct trust *got)
{
	free_unnamed(trust->unnamed, trust->n_unnamed);
	free_top(trust->top, trust->n_top);
	for (int i = 0; i < COUNTERS; i++)
		if (counter_specs[i].class == CLASS_CUT || counter_specs[i].class == CLASS_FRAME)
			trust->counter[i] = got->counter[i];
	free_cut_files(trust->cut_file);
	memcpy(trust->cut_file, got->cut_file, sizeof(trust->cut_file));
	trust->complete = got->complete;
	trust->unverified = got->unverified;
	trust->distinct = got->distinct;
	trust->complete_and_named = got->complete_and_named;
	trust->frames = got->frames;
	trust->named = got->named;
	trust->unnamed = got->unnamed;
	trust->n_unnamed = got->n_unnamed;
	trust->top = got->top;
	trust->n_top = got->n_top;
	*got = (struct trust){0};
}

int trust_count_frames(struct trust *trust, const struct profile *profile,
	const char *(*file_of)(void *context, const struct frame *frame), void *context)
{
	struct counting counting = {.profile = profile};
	int err = -ENOMEM;

	counting.weights = calloc((size_t)profile->frames.count + 1, sizeof(*counting.weights));
	counting.stack_seen = calloc((size_t)profile->stacks.count + 1, 1);
	if (!counting.weights || !counting.stack_seen)
		goto release;
	err = 0;
	for (uint32_t i = 0; i < profile->samples.count && !err; i++)
		err = count_sample(&counting, i);
	if (!err)
		err = count_names(&counting, file_of, context);
	if (!err)
		err = take_cut_files(&counting, file_of, context);
	if (!err)
		err = take_top(&counting);
	if (!err)
		take_over(trust, &counting.got);
release:
	trust_release(&counting.got);
	tally_release(&counting.self);
	tally_release(&counting.cuts);
	free(counting.stack_seen);
	free(counting.weights);
	return err;
}
