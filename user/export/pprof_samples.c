// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/pprof_samples.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "export/pprof_proto.h"
#include "export/same.h"

static const struct {
	const char *attribute, *label;
} who_labels[PPROF_WHO_LABELS] = {
	{"process.executable.name", "process.executable.name"},
	{"container.id", "container.id"},
	{"service.name", "service"},
};

struct keys { /* strings */
	uint32_t comm, who[PPROF_WHO_LABELS], thread, unverified, yes, unknown_comm;
};

static const struct profile *profile_of(const struct pprof_samples *samples)
{
	return samples->locations->file->profile;
}

static uint64_t hash_stack(const void *context, uint32_t stack)
{
	const struct pprof_locations *locations = context;
	uint32_t count;
	const uint32_t *frames = profile_get_stack(locations->file->profile, stack, &count);
	uint64_t hash = count;

	for (uint32_t i = 0; i < count; i++)
		hash = XXH64_avalanche(hash * 31 + locations->same[frames[i]]);
	return hash;
}

static bool equal_stacks(const void *context, uint32_t a, uint32_t b)
{
	const struct pprof_locations *locations = context;
	uint32_t n_a, n_b, i = 0;
	const uint32_t *frames_a = profile_get_stack(locations->file->profile, a, &n_a);
	const uint32_t *frames_b = profile_get_stack(locations->file->profile, b, &n_b);

	if (n_a != n_b)
		return false;
	while (i < n_a && locations->same[frames_a[i]] == locations->same[frames_b[i]])
		i++;
	return i == n_a;
}

static int label_process(struct pprof_samples *samples, uint32_t process)
{
	const struct profile *profile = profile_of(samples);
	uint32_t values[PPROF_WHO_LABELS] = {0}, count;
	const struct profile_attribute *attributes = profile_get_resource(profile, process, &count);

	for (uint32_t i = 0; i < count; i++)
		for (unsigned k = 0; k < PPROF_WHO_LABELS; k++)
			if (!strcmp(profile_text(profile, attributes[i].key), who_labels[k].attribute) &&
				*profile_text(profile, attributes[i].value))
				values[k] = attributes[i].value + 1;
	return intern_add(&samples->labels, values, sizeof(values), &samples->labels_of[process]);
}

static int label_processes(struct pprof_samples *samples)
{
	uint32_t count = profile_of(samples)->processes.count;
	int err = 0;

	samples->labels_of = calloc((size_t)count + 1, sizeof(*samples->labels_of));
	if (!samples->labels_of)
		return -ENOMEM;
	for (uint32_t i = 0; i < count && !err; i++)
		err = label_process(samples, i);
	return err;
}

static uint32_t labels_of(const struct pprof_samples *samples, const struct profile_sample *sample)
{
	return sample->process < profile_of(samples)->processes.count ? samples->labels_of[sample->process] : 0;
}

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static int by_content(const void *left, const void *right, void *context)
{
	const struct pprof_samples *samples = context;
	const struct profile_sample *a = profile_get_sample(profile_of(samples), *(const uint32_t *)left);
	const struct profile_sample *b = profile_get_sample(profile_of(samples), *(const uint32_t *)right);
	int order = COMPARE(samples->same_stack[a->stack], samples->same_stack[b->stack]);

	if (!order)
		order = COMPARE(a->cut, b->cut);
	if (!order)
		order = COMPARE(a->comm, b->comm);
	if (!order)
		order = COMPARE(labels_of(samples, a), labels_of(samples, b));
	if (!order)
		order = COMPARE(a->flags & SAMPLE_UNVERIFIED, b->flags & SAMPLE_UNVERIFIED);
	if (!order)
		order = COMPARE(a->tid, b->tid);
	return order;
}

static int sort(struct pprof_samples *samples)
{
	const struct profile *profile = profile_of(samples);

	samples->order = malloc(((size_t)profile->samples.count + 1) * sizeof(*samples->order));
	if (!samples->order)
		return -ENOMEM;
	for (uint32_t i = 0; i < profile->samples.count; i++)
		if (profile->counts[i])
			samples->order[samples->count++] = i;
	qsort_r(samples->order, samples->count, sizeof(*samples->order), by_content, samples);
	return 0;
}

static void want_locations(struct pprof_samples *samples)
{
	const struct profile *profile = profile_of(samples);

	for (uint32_t i = 0; i < samples->count; i++) {
		const struct profile_sample *sample = profile_get_sample(profile, samples->order[i]);
		uint32_t count;
		const uint32_t *frames = profile_get_stack(profile, sample->stack, &count);

		pprof_locations_want(samples->locations, frames, count, sample->cut, profile->counts[samples->order[i]]);
	}
}

int pprof_samples_init(struct pprof_samples *samples, struct pprof_locations *locations, uint64_t cpu_period)
{
	const struct same_rule rule = {hash_stack, equal_stacks, locations};
	int err;

	*samples = (struct pprof_samples){.locations = locations, .cpu_period = cpu_period};
	samples->same_stack = same_find(locations->file->profile->stacks.count, &rule);
	err = samples->same_stack ? label_processes(samples) : -ENOMEM;
	if (!err)
		err = sort(samples);
	if (err)
		pprof_samples_release(samples);
	else
		want_locations(samples);
	return err;
}

void pprof_samples_release(struct pprof_samples *samples)
{
	free(samples->same_stack);
	free(samples->labels_of);
	free(samples->order);
	intern_release(&samples->labels);
	*samples = (struct pprof_samples){0};
}

static void put_label(struct wire *out, uint32_t key, uint32_t value)
{
	size_t begun = wire_begin(out, PPROF_SAMPLE_LABEL);

	wire_uint(out, PPROF_LABEL_KEY, key);
	wire_uint(out, PPROF_LABEL_STR, value);
	wire_end(out, begun);
}

static void put_number(struct wire *out, uint32_t key, uint64_t value)
{
	size_t begun = wire_begin(out, PPROF_SAMPLE_LABEL);

	wire_uint(out, PPROF_LABEL_KEY, key);
	wire_uint(out, PPROF_LABEL_NUM, value);
	wire_end(out, begun);
}

static void put_labels(
	const struct pprof_samples *samples, const struct keys *keys, const struct profile_sample *sample)
{
	struct pprof_file *file = samples->locations->file;
	uint32_t comm = pprof_file_text(file, sample->comm);
	const uint32_t *who = NULL;

	put_label(&file->out, keys->comm, comm ? comm : keys->unknown_comm);
	if (sample->process < file->profile->processes.count)
		who = intern_get(&samples->labels, labels_of(samples, sample), NULL);
	for (unsigned k = 0; who && k < PPROF_WHO_LABELS; k++)
		if (who[k])
			put_label(&file->out, keys->who[k], pprof_file_text(file, who[k] - 1));
	if (sample->tid)
		put_number(&file->out, keys->thread, sample->tid);
	if (sample->flags & SAMPLE_UNVERIFIED)
		put_label(&file->out, keys->unverified, keys->yes);
}

static void put_stack(const struct pprof_samples *samples, const struct profile_sample *sample)
{
	struct wire *out = &samples->locations->file->out;
	uint32_t count;
	const uint32_t *frames = profile_get_stack(profile_of(samples), sample->stack, &count);
	size_t begun;

	if (!count && !sample->cut)
		return;
	begun = wire_begin(out, PPROF_SAMPLE_LOCATION_ID);
	for (uint32_t i = 0; i < count; i++)
		wire_varint(out, pprof_location_of_frame(samples->locations, frames[i]));
	if (sample->cut)
		wire_varint(out, pprof_location_of_cut(samples->locations, sample->cut));
	wire_end(out, begun);
}

static uint64_t capped(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) || product > INT64_MAX ? INT64_MAX : product;
}

static void put_sample(const struct pprof_samples *samples, const struct keys *keys, uint32_t at, uint64_t count)
{
	const struct profile_sample *sample = profile_get_sample(profile_of(samples), at);
	struct wire *out = &samples->locations->file->out;
	size_t begun = wire_begin(out, PPROF_SAMPLE), values;

	put_stack(samples, sample);
	values = wire_begin(out, PPROF_SAMPLE_VALUE);
	wire_varint(out, capped(count, 1));
	if (samples->cpu_period)
		wire_varint(out, capped(count, samples->cpu_period));
	wire_end(out, values);
	put_labels(samples, keys, sample);
	wire_end(out, begun);
	pprof_file_flush(samples->locations->file);
}

static struct keys make_keys(struct pprof_file *file)
{
	struct keys keys = {
		.comm = pprof_file_string(file, "comm"),
		.thread = pprof_file_string(file, "thread.id"),
		.unverified = pprof_file_string(file, "unverified"),
		.yes = pprof_file_string(file, "true"),
		.unknown_comm = pprof_file_string(file, "[unknown]"),
	};

	for (unsigned k = 0; k < PPROF_WHO_LABELS; k++)
		keys.who[k] = pprof_file_string(file, who_labels[k].label);
	return keys;
}

void pprof_samples_write(const struct pprof_samples *samples)
{
	const struct profile *profile = profile_of(samples);
	const struct keys keys = make_keys(samples->locations->file);
	void *context = (void *)(uintptr_t)samples;
	uint32_t i = 0;

	while (i < samples->count) {
		uint32_t first = i;
		uint64_t sum = 0;

		for (; i < samples->count && !by_content(&samples->order[first], &samples->order[i], context); i++)
			sum += profile->counts[samples->order[i]];
		put_sample(samples, &keys, samples->order[first], sum);
	}
}
