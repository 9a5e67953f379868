// SPDX-License-Identifier: GPL-2.0-or-later
#include "profile/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void profile_release(struct profile *profile)
{
	if (!profile)
		return;
	intern_release(&profile->text);
	intern_release(&profile->frames);
	intern_release(&profile->functions);
	intern_release(&profile->stacks);
	intern_release(&profile->samples);
	intern_release(&profile->processes);
	intern_release(&profile->resources);
	intern_release(&profile->mappings);
	free(profile->who);
	free(profile->counts);
	free(profile->names);
	free(profile->lines);
	free(profile->spans);
	*profile = (struct profile){0};
}

/* Room for the count of a key that may be new. */
static int reserve_count(struct profile *profile)
{
	uint32_t cap = profile->counts_cap ? profile->counts_cap * 2 : 64;
	uint64_t *counts;

	if (profile->samples.count < profile->counts_cap)
		return 0;
	counts = realloc(profile->counts, (size_t)cap * sizeof(*counts));
	if (!counts)
		return -ENOMEM;
	profile->counts = counts;
	profile->counts_cap = cap;
	return 0;
}

int profile_add(struct profile *profile, const struct profile_sample *key, uint64_t count)
{
	uint32_t before = profile->samples.count, id;
	int err = reserve_count(profile);

	if (err)
		return err;
	err = intern_add(&profile->samples, key, sizeof(*key), &id);
	if (err)
		return err;
	if (id == before)
		profile->counts[id] = 0;
	profile->counts[id] += count;
	return 0;
}

static int reserve_who(struct profile *profile, uint32_t count)
{
	uint32_t cap = profile->who_cap ? profile->who_cap * 2 : 64;
	struct profile_who *who;

	if (count <= profile->who_cap)
		return 0;
	who = realloc(profile->who, cap * sizeof(*who));
	if (!who)
		return -ENOMEM;
	profile->who = who;
	profile->who_cap = cap;
	return 0;
}

int profile_process(struct profile *profile, const struct profile_process *process, uint32_t *id)
{
	uint32_t known = profile->processes.count, none, index;
	int err = reserve_who(profile, known + 1);

	if (!err)
		err = intern_text(&profile->text, "", &none);
	if (!err)
		err = intern_add(&profile->processes, process, sizeof(*process), &index);
	if (err)
		return err;
	if (index == known)
		profile->who[index] = (struct profile_who){none, none, none, none, none, none, none, false, 0};
	*id = index;
	return 0;
}

int profile_frame(struct profile *profile, const struct frame *frame, uint32_t *id)
{
	return intern_add(&profile->frames, frame, sizeof(*frame), id);
}

int profile_function(struct profile *profile, const struct profile_function *function, uint32_t *id)
{
	return intern_add(&profile->functions, function, sizeof(*function), id);
}

int profile_stack(struct profile *profile, const uint32_t *frames, uint32_t count, uint32_t *id)
{
	return intern_add(&profile->stacks, frames, (size_t)count * sizeof(*frames), id);
}

/* The first span of a frame of at least `frame`. */
static uint32_t find_span(const struct profile *profile, uint32_t frame)
{
	uint32_t from = 0, to = profile->n_spans;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (profile->spans[middle].frame < frame)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* Frames count up, so that a new one goes to the end. */
static int insert_span(struct profile *profile, uint32_t at, const struct profile_span *span)
{
	uint32_t cap = profile->spans_cap ? profile->spans_cap * 2 : 64;
	struct profile_span *spans;

	if (profile->n_spans == profile->spans_cap) {
		spans = reallocarray(profile->spans, cap, sizeof(*spans));
		if (!spans)
			return -ENOMEM;
		profile->spans = spans;
		profile->spans_cap = cap;
	}
	memmove(&profile->spans[at + 1], &profile->spans[at],
		(profile->n_spans - at) * sizeof(*profile->spans));
	profile->spans[at] = *span;
	profile->n_spans++;
	return 0;
}

int profile_seen(struct profile *profile, uint32_t frame, uint64_t first_ns, uint64_t last_ns)
{
	uint32_t at = find_span(profile, frame);
	struct profile_span *span;

	if (at == profile->n_spans || profile->spans[at].frame != frame)
		return insert_span(profile, at, &(struct profile_span){frame, first_ns, last_ns});
	span = &profile->spans[at];
	if (first_ns < span->first_ns)
		span->first_ns = first_ns;
	if (last_ns > span->last_ns)
		span->last_ns = last_ns;
	return 0;
}

const struct profile_span *profile_get_span(const struct profile *profile, uint32_t frame)
{
	uint32_t at = find_span(profile, frame);

	return at < profile->n_spans && profile->spans[at].frame == frame ? &profile->spans[at] : NULL;
}

int profile_grow_names(struct profile *profile)
{
	uint32_t count = profile->frames.count, cap = count ? count : 1;
	struct frame_names *names;

	if (profile->names && cap <= profile->names_cap)
		return 0;
	names = reallocarray(profile->names, cap, sizeof(*names));
	if (!names)
		return -ENOMEM;
	memset(names + profile->names_cap, 0, (cap - profile->names_cap) * sizeof(*names));
	profile->names = names;
	profile->names_cap = cap;
	return 0;
}

int profile_begin_names(struct profile *profile)
{
	int err = profile_grow_names(profile);

	if (err)
		return err;
	memset(profile->names, 0, profile->names_cap * sizeof(*profile->names));
	profile->n_lines = 0;
	return 0;
}

static int reserve_line(struct profile *profile)
{
	uint32_t cap = profile->lines_cap ? profile->lines_cap * 2 : 64;
	struct profile_line *lines;

	if (profile->n_lines < profile->lines_cap)
		return 0;
	if (cap < profile->lines_cap)
		return -ENOMEM;
	lines = realloc(profile->lines, (size_t)cap * sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	profile->lines = lines;
	profile->lines_cap = cap;
	return 0;
}

int profile_name_line(struct profile *profile, uint32_t frame, const struct profile_line *line)
{
	struct frame_names *names = &profile->names[frame];
	int err;

	if (names->count == UINT16_MAX)
		return -E2BIG;
	err = reserve_line(profile);
	if (err)
		return err;
	if (!names->count)
		names->first = profile->n_lines;
	profile->lines[profile->n_lines++] = *line;
	names->count++;
	return 0;
}

int profile_name(struct profile *profile, uint32_t frame, const struct profile_name *name)
{
	struct profile_line line = {.line = name->line, .first_line = name->first_line};
	int err;

	if (profile->names[frame].count == UINT16_MAX)
		return -E2BIG;
	err = intern_text(&profile->text, name->function, &line.function);
	if (!err)
		err = intern_text(&profile->text, name->file ? name->file : "", &line.file);
	return err ? err : profile_name_line(profile, frame, &line);
}

int profile_mapping(struct profile *profile, const struct profile_mapping *mapping, uint32_t *id)
{
	uint32_t index;
	int err = intern_add(&profile->mappings, mapping, sizeof(*mapping), &index);

	if (!err)
		*id = index + 1;
	return err;
}

void profile_make_recording(struct profile *profile)
{
	uint64_t made;

	if (!profile->recording && getrandom(&made, sizeof(made), GRND_NONBLOCK) == sizeof(made))
		profile->recording = made;
}

int profile_set_value(struct profile *profile, const char *type, const char *unit,
	const char *period_type, const char *period_unit, uint64_t period)
{
	struct profile_value value = {.period = period};
	int err = intern_text(&profile->text, type, &value.type);

	if (!err)
		err = intern_text(&profile->text, unit, &value.unit);
	if (!err)
		err = intern_text(&profile->text, period_type ? period_type : "", &value.period_type);
	if (!err)
		err = intern_text(&profile->text, period_unit ? period_unit : "", &value.period_unit);
	if (!err)
		profile->value = value;
	return err;
}

const struct profile_mapping *profile_get_mapping(const struct profile *profile, uint32_t id)
{
	return id ? intern_get(&profile->mappings, id - 1, NULL) : NULL;
}

const struct profile_attribute *profile_get_resource(const struct profile *profile, uint32_t process,
	uint32_t *count)
{
	const struct profile_attribute *attributes;
	size_t len;

	*count = 0;
	if (process >= profile->processes.count || !profile->who[process].resource)
		return NULL;
	attributes = intern_get(&profile->resources, profile->who[process].resource - 1, &len);
	*count = (uint32_t)(len / sizeof(*attributes));
	return attributes;
}

const struct frame *profile_get_frame(const struct profile *profile, uint32_t id)
{
	return intern_get(&profile->frames, id, NULL);
}

const struct profile_function *profile_get_function(const struct profile *profile, uint32_t id)
{
	return intern_get(&profile->functions, id, NULL);
}

const char *profile_text(const struct profile *profile, uint32_t id)
{
	return intern_get(&profile->text, id, NULL);
}

const struct profile_line *profile_get_lines(
	const struct profile *profile, uint32_t frame, uint32_t *count)
{
	if (!profile->names || !profile->names[frame].count) {
		*count = 0;
		return NULL;
	}
	*count = profile->names[frame].count;
	return profile->lines + profile->names[frame].first;
}

uint64_t profile_total(const struct profile *profile)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < profile->samples.count; i++)
		total += profile->counts[i];
	return total;
}

bool profile_has_value(const struct profile *profile)
{
	const struct profile_value *value = &profile->value;

	return (value->type || value->unit) && value->type < profile->text.count && value->unit < profile->text.count;
}

bool profile_counts_samples(const struct profile *profile)
{
	const struct profile_value *value = &profile->value;

	if (!profile_has_value(profile))
		return true;
	return !strcmp(profile_text(profile, value->type), "samples") && !strcmp(profile_text(profile, value->unit), "count");
}
