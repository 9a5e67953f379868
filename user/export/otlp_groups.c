// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/otlp_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/otlp_proto.h"

#define FEW 8 /* samples of a stack are compared each with each: most stacks have one or two, and no equal ones */

struct otlp_group { /* what becomes a ResourceProfiles */
	uint32_t process; /* one of those that have the resource */
	uint64_t total;   /* of the samples' counts */
	size_t room;      /* for samples, if none of them is equal to another one */
	size_t start, at; /* its first byte; where the next sample goes */
	struct otlp_profile_begun begun;
};

struct otlp_group_sample {
	uint32_t stack;      /* entry */
	uint32_t group;      /* before it was read: which sample it is */
	uint32_t comm;       /* attribute */
	uint32_t thread;     /* attribute, or 0 */
	uint32_t unverified; /* attribute, or 0 */
	uint64_t count;
};

int otlp_groups_init(struct otlp_groups *groups, const struct otlp_profile *profile, struct otlp_samples chosen)
{
	const struct profile *from = profile->dictionary->profile;
	size_t resources = (size_t)from->resources.count + 1;

	*groups = (struct otlp_groups){.profile = profile, .from = from, .chosen = chosen};
	groups->group_of = calloc(resources, sizeof(*groups->group_of));
	groups->groups = calloc(resources, sizeof(*groups->groups));
	groups->order = calloc(resources, sizeof(*groups->order));
	if (groups->group_of && groups->groups && groups->order)
		return 0;
	otlp_groups_release(groups);
	return -ENOMEM;
}

void otlp_groups_release(struct otlp_groups *groups)
{
	free(groups->group_of);
	free(groups->groups);
	free(groups->order);
	free(groups->batch);
	*groups = (struct otlp_groups){0};
}

static uint32_t group_of(struct otlp_groups *groups, const struct profile_sample *sample)
{
	const struct profile *from = groups->from;
	uint32_t resource = sample->process < from->processes.count ? from->who[sample->process].resource : 0;
	uint32_t *known = &groups->group_of[resource];

	if (!*known) {
		groups->groups[groups->n_groups++] = (struct otlp_group){.process = sample->process};
		*known = groups->n_groups;
	}
	return *known - 1;
}

/* Two of these do not overflow. */
static uint64_t at_most_int64(uint64_t count)
{
	return count < INT64_MAX ? count : INT64_MAX;
}

/* All but its stack. */
static void read_sample(struct otlp_groups *groups, const struct profile_sample *sample, uint64_t count,
	struct otlp_group_sample *out)
{
	out->group = group_of(groups, sample);
	out->comm = otlp_attribute_comm(groups->profile->dictionary, sample->comm);
	out->thread = otlp_attribute_thread(groups->profile->dictionary, sample->tid);
	out->unverified =
		sample->flags & SAMPLE_UNVERIFIED ? otlp_attribute_unverified(groups->profile->dictionary) : 0;
	out->count = at_most_int64(count);
}

static size_t attributes_size(const struct otlp_group_sample *sample)
{
	return (sample->comm ? wire_varint_size(sample->comm) : 0) +
	       (sample->thread ? wire_varint_size(sample->thread) : 0) +
	       (sample->unverified ? wire_varint_size(sample->unverified) : 0);
}

/* Bytes of a Sample without its tag and length, which are one byte each: it has less than 128. */
static size_t content_size(const struct otlp_group_sample *sample)
{
	size_t attributes = attributes_size(sample);

	return (sample->stack ? 1 + wire_varint_size(sample->stack) : 0) + (attributes ? 2 + attributes : 0) + 2 +
	       wire_varint_size(sample->count);
}

static uint8_t *put_tag(uint8_t *at, unsigned field, enum wire_type type)
{
	return wire_put_varint(at, (uint64_t)field << 3 | type);
}

static uint8_t *put_sample(uint8_t *at, const struct otlp_group_sample *sample)
{
	size_t attributes = attributes_size(sample);

	at = put_tag(at, PROFILE_SAMPLES, WIRE_BYTES);
	at = wire_put_varint(at, content_size(sample));
	if (sample->stack) {
		at = put_tag(at, SAMPLE_STACK_INDEX, WIRE_VARINT);
		at = wire_put_varint(at, sample->stack);
	}
	if (attributes) {
		at = put_tag(at, SAMPLE_ATTRIBUTE_INDICES, WIRE_BYTES);
		at = wire_put_varint(at, attributes);
		at = sample->comm ? wire_put_varint(at, sample->comm) : at;
		at = sample->thread ? wire_put_varint(at, sample->thread) : at;
		at = sample->unverified ? wire_put_varint(at, sample->unverified) : at;
	}
	at = put_tag(at, SAMPLE_VALUES, WIRE_BYTES);
	at = wire_put_varint(at, wire_varint_size(sample->count));
	return wire_put_varint(at, sample->count);
}

void otlp_groups_want(struct otlp_groups *groups, const struct profile_sample *sample, uint64_t count)
{
	/* No entry of the stack table will have a larger number. */
	struct otlp_group_sample read = {
		.stack = groups->from->stacks.count + otlp_samples_count(groups->from, groups->chosen)};

	read_sample(groups, sample, count, &read);
	groups->groups[read.group].total += read.count;
	groups->groups[read.group].room += 2 + content_size(&read);
}

static int by_total(const void *left, const void *right, void *context)
{
	const struct otlp_group *groups = context;
	const struct otlp_group *a = &groups[*(const uint32_t *)left], *b = &groups[*(const uint32_t *)right];

	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	return (a->process > b->process) - (a->process < b->process);
}

/* Begins all Profiles, with room for their samples. */
static void begin(struct otlp_groups *groups)
{
	struct wire *out = groups->profile->dictionary->out;

	for (uint32_t i = 0; i < groups->n_groups; i++)
		groups->order[i] = i;
	qsort_r(groups->order, groups->n_groups, sizeof(*groups->order), by_total, groups->groups);
	for (uint32_t i = 0; i < groups->n_groups && !out->failed; i++) {
		struct otlp_group *group = &groups->groups[groups->order[i]];

		group->start = out->len;
		otlp_profile_begin(groups->profile, group->process, group->room, &group->begun);
		group->at = out->len;
		if (wire_reserve(out, group->room))
			out->len += group->room;
	}
}

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare(const void *left, const void *right)
{
	const struct otlp_group_sample *a = left, *b = right;
	int order = compare_numbers(a->group, b->group);

	order = order ? order : compare_numbers(a->comm, b->comm);
	order = order ? order : compare_numbers(a->thread, b->thread);
	return order ? order : compare_numbers(a->unverified, b->unverified);
}

static bool is_equal(const struct otlp_group_sample *a, const struct otlp_group_sample *b)
{
	return a->group == b->group && a->comm == b->comm && a->thread == b->thread &&
	       a->unverified == b->unverified;
}

/* Adds up equal ones among the samples of one stack, which takes less room than each of them; how many are left. */
static uint32_t merge(struct otlp_group_sample *run, uint32_t count)
{
	uint32_t left = 0, at;

	if (count < 2)
		return count;
	if (count > FEW)
		qsort(run, count, sizeof(*run), compare);
	for (uint32_t i = 0; i < count; i++) {
		for (at = count > FEW && left ? left - 1 : 0; at < left && !is_equal(&run[at], &run[i]); at++)
			;
		if (at < left)
			run[at].count = at_most_int64(run[at].count + run[i].count);
		else if (left++ != i)
			run[left - 1] = run[i];
	}
	return left;
}

/* What has come into the batch as numbers, from all over the profile: memory is asked for all of it at once. */
static void read_batch(struct otlp_groups *groups)
{
	const struct profile *from = groups->from;

	for (uint32_t i = 0; i < groups->n_batch; i++) {
		__builtin_prefetch(profile_get_sample(from, groups->batch[i].group));
		__builtin_prefetch(&from->counts[groups->batch[i].group]);
	}
	for (uint32_t i = 0; i < groups->n_batch; i++) {
		uint32_t at = groups->batch[i].group;

		read_sample(groups, profile_get_sample(from, at), from->counts[at], &groups->batch[i]);
	}
}

static void put_run(struct otlp_groups *groups, struct otlp_group_sample *run, uint32_t count)
{
	uint8_t *data = groups->profile->dictionary->out->data;

	count = merge(run, count);
	for (uint32_t i = 0; i < count; i++) {
		struct otlp_group *group = &groups->groups[run[i].group];

		group->at = (size_t)(put_sample(data + group->at, &run[i]) - data);
	}
}

static void put_batch(struct otlp_groups *groups)
{
	struct otlp_group_sample *batch = groups->batch;
	uint32_t end;

	read_batch(groups);
	for (uint32_t i = 0; i < groups->n_batch; i = end) {
		for (end = i + 1; end < groups->n_batch && batch[end].stack == batch[i].stack;)
			end++;
		put_run(groups, batch + i, end - i);
	}
	groups->n_batch = 0;
}

static int take_stack(struct otlp_groups *groups, const struct otlp_stacks *stacks, uint32_t stack)
{
	for (uint32_t place = stacks->first[stack]; place; place = stacks->next[place - 1]) {
		uint32_t at = otlp_samples_nth(groups->chosen, place - 1);

		if (groups->n_batch == groups->batch_cap) {
			uint32_t cap = groups->batch_cap ? groups->batch_cap * 2 : OTLP_GROUPS_BATCH * 2;
			struct otlp_group_sample *batch = reallocarray(groups->batch, cap, sizeof(*batch));

			if (!batch)
				return -ENOMEM;
			groups->batch = batch;
			groups->batch_cap = cap;
		}
		__builtin_prefetch(&groups->from->samples.items[at]);
		groups->batch[groups->n_batch].stack = stack;
		groups->batch[groups->n_batch++].group = at;
	}
	return 0;
}

static int put_samples(struct otlp_groups *groups, const struct otlp_stacks *stacks)
{
	uint32_t n_stacks = groups->profile->dictionary->stacks.count;
	int err = 0;

	for (uint32_t stack = 0; stack < n_stacks && !err; stack++) {
		err = take_stack(groups, stacks, stack);
		if (!err && groups->n_batch >= OTLP_GROUPS_BATCH)
			put_batch(groups);
	}
	if (!err)
		put_batch(groups);
	return err;
}

/* Closes the gaps, and ends all Profiles. */
static void end(struct otlp_groups *groups, size_t start)
{
	struct wire *out = groups->profile->dictionary->out;

	out->len = start;
	for (uint32_t i = 0; i < groups->n_groups; i++) {
		struct otlp_group *group = &groups->groups[groups->order[i]];
		size_t moved = group->start - out->len, len = group->at - group->start;

		if (moved)
			memmove(out->data + out->len, out->data + group->start, len);
		out->len += len;
		otlp_profile_end(groups->profile, &group->begun, moved);
	}
}

int otlp_groups_write(struct otlp_groups *groups, const struct otlp_stacks *stacks)
{
	struct wire *out = groups->profile->dictionary->out;
	size_t start = out->len;
	int err;

	/* No sample at all: still one profile, with how far to trust it. */
	if (!groups->n_groups)
		groups->groups[groups->n_groups++].process = UINT32_MAX;
	begin(groups);
	err = out->failed ? -ENOMEM : put_samples(groups, stacks);
	if (!err)
		end(groups, start);
	return err;
}
