// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/sieve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOT_MADE UINT32_MAX

struct sieve {
	const struct profile *profile;
	struct labels *labels;
	bool *keep, *hidden;        /* by label; NULL: all are kept, none is hidden */
	const bool *processes;      /* those that are kept; NULL: all */
	bool whole;                 /* `keep` asks for any function of the stack, else for what the sample belongs to */
	struct frame_names *names;  /* what is left of each frame's lines; NULL: all */
	struct profile_line *lines;
	uint32_t n_lines;
	struct profile kept;        /* stacks, samples and counts alone */
	uint32_t *stack_of;         /* by stack: what it became */
	uint32_t *frames;           /* of one stack */
	uint32_t frames_cap;
};

static void release(struct sieve *sieve)
{
	profile_release(&sieve->kept);
	free(sieve->keep);
	free(sieve->hidden);
	free(sieve->names);
	free(sieve->lines);
	free(sieve->stack_of);
	free(sieve->frames);
}

static void hide_lines_of(struct sieve *sieve, uint32_t frame)
{
	struct frame_names *names = &sieve->names[frame];
	const struct labels_run *run = &sieve->labels->frames[frame];
	uint32_t count;
	const struct profile_line *lines = profile_get_lines(sieve->profile, frame, &count);

	names->first = sieve->n_lines;
	names->count = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (sieve->hidden[sieve->labels->ids[run->first + i]])
			continue;
		sieve->lines[sieve->n_lines++] = lines[i];
		names->count++;
	}
}

static int hide_lines(struct sieve *sieve)
{
	const struct profile *profile = sieve->profile;

	if (!sieve->hidden || !profile->frames.count)
		return 0;
	sieve->names = calloc(profile->frames.count, sizeof(*sieve->names));
	sieve->lines = calloc((size_t)profile->n_lines + 1, sizeof(*sieve->lines));
	if (!sieve->names || !sieve->lines)
		return -ENOMEM;
	memcpy(sieve->names, profile->names, profile->frames.count * sizeof(*sieve->names));
	for (uint32_t i = 0; i < profile->frames.count; i++)
		hide_lines_of(sieve, i);
	return 0;
}

static int prepare(struct sieve *sieve)
{
	uint32_t stacks = sieve->profile->stacks.count, count;

	for (uint32_t i = 0; i < stacks; i++) {
		profile_get_stack(sieve->profile, i, &count);
		sieve->frames_cap = count > sieve->frames_cap ? count : sieve->frames_cap;
	}
	sieve->stack_of = calloc((size_t)stacks + 1, sizeof(*sieve->stack_of));
	sieve->frames = calloc((size_t)sieve->frames_cap + 1, sizeof(*sieve->frames));
	if (!sieve->stack_of || !sieve->frames)
		return -ENOMEM;
	for (uint32_t i = 0; i < stacks; i++)
		sieve->stack_of[i] = NOT_MADE;
	return hide_lines(sieve);
}

/* A frame of which no function is left is in no stack. */
static int make_stack(struct sieve *sieve, uint32_t stack)
{
	uint32_t count, n = 0;
	const uint32_t *frames = profile_get_stack(sieve->profile, stack, &count);

	if (sieve->stack_of[stack] != NOT_MADE)
		return 0;
	for (uint32_t i = 0; i < count; i++)
		if (!sieve->names || sieve->names[frames[i]].count)
			sieve->frames[n++] = frames[i];
	return profile_stack(&sieve->kept, sieve->frames, n, &sieve->stack_of[stack]);
}

static bool keeps(struct sieve *sieve, const struct profile_sample *sample)
{
	uint32_t count;
	const uint32_t *labels;

	if (sieve->processes && !sieve->processes[sample->process])
		return false;
	if (!sieve->keep)
		return true;
	labels = labels_of(sieve->labels, sample, &count);
	for (uint32_t i = 0; i < (sieve->whole ? count : 1); i++)
		if (sieve->keep[labels[i]])
			return true;
	return false;
}

static int add_sample(struct sieve *sieve, uint32_t i)
{
	struct profile_sample sample = *profile_get_sample(sieve->profile, i);
	int err;

	if (!keeps(sieve, &sample))
		return 0;
	err = make_stack(sieve, sample.stack);
	if (err)
		return err;
	sample.stack = sieve->stack_of[sample.stack];
	return profile_add(&sieve->kept, &sample, sieve->profile->counts[i]);
}

/* The new stacks, samples and lines become the profile's, the old ones the sieve's. */
static void take_over(struct sieve *sieve, struct profile *profile)
{
	struct profile old = *profile;

	profile->stacks = sieve->kept.stacks;
	profile->samples = sieve->kept.samples;
	profile->counts = sieve->kept.counts;
	profile->counts_cap = sieve->kept.counts_cap;
	sieve->kept = (struct profile){.stacks = old.stacks, .samples = old.samples, .counts = old.counts};
	if (!sieve->names)
		return;
	profile->names = sieve->names;
	profile->names_cap = profile->frames.count;
	profile->lines = sieve->lines;
	profile->n_lines = sieve->n_lines;
	profile->lines_cap = old.n_lines + 1;
	sieve->names = old.names;
	sieve->lines = old.lines;
}

static int run(struct sieve *sieve, struct profile *profile)
{
	int err = prepare(sieve);

	for (uint32_t i = 0; i < profile->samples.count && !err; i++)
		err = add_sample(sieve, i);
	if (!err)
		take_over(sieve, profile);
	return err;
}

int sieve_stacks(struct profile *profile, struct labels *labels, const struct pattern *focus,
	const struct pattern *hide)
{
	struct sieve sieve = {.profile = profile, .labels = labels, .whole = true};
	int err = focus ? labels_match(labels, focus, &sieve.keep) : 0;

	if (!err && hide)
		err = labels_match(labels, hide, &sieve.hidden);
	if (!err)
		err = run(&sieve, profile);
	release(&sieve);
	return err;
}

int sieve_rows(struct profile *profile, struct labels *labels, const struct pattern *filter)
{
	struct sieve sieve = {.profile = profile, .labels = labels};
	int err = labels_match(labels, filter, &sieve.keep);

	if (!err)
		err = run(&sieve, profile);
	release(&sieve);
	return err;
}

int sieve_processes(struct profile *profile, const bool *keep)
{
	struct sieve sieve = {.profile = profile, .processes = keep};
	int err = run(&sieve, profile);

	release(&sieve);
	return err;
}
