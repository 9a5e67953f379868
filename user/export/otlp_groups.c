// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/otlp_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/otlp_proto.h"

#define NONE UINT32_MAX
#define BATCH 64 /* samples that are read at once */
#define FEW (2 * BATCH) /* are sorted by insertion: they are in the order of stacks already */

struct group { /* what becomes a ResourceProfiles */
	uint32_t process; /* one of those that have the resource */
	uint64_t total;   /* of the samples' counts */
	size_t room;      /* for samples, if none of them is equal to another one */
	size_t start, at; /* its first byte; where the next sample goes */
	struct otlp_profile_begun begun;
};

struct one { /* a sample */
	uint32_t stack; /* entry */
	uint32_t group, comm; /* comm: attribute */
	uint32_t unverified;  /* attribute, or 0 */
	uint64_t count;
};

struct grouping {
	const struct otlp_profile *profile;
	const struct otlp_stacks *stacks;
	struct otlp_samples chosen;
	const struct profile *from;
	struct wire *out;
	uint32_t n_stacks;
	uint32_t *first;    /* by entry of the stack table: the first sample of that stack (its place among the chosen) */
	uint32_t *next;     /* by place: the next one of the same stack */
	uint32_t *group_of; /* by resource: index + 1 */
	struct group *groups;
	uint32_t n_groups;
	uint32_t *order;    /* of groups, largest total first */
	struct one *batch;  /* samples of whole stacks */
	uint32_t n_batch, batch_cap;
};

static uint32_t resource_of(const struct profile *profile, const struct profile_sample *sample)
{
	return sample->process < profile->processes.count ? profile->who[sample->process].resource : 0;
}

static uint32_t group_of(struct grouping *grouping, const struct profile_sample *sample)
{
	uint32_t *known = &grouping->group_of[resource_of(grouping->from, sample)];

	if (!*known) {
		grouping->groups[grouping->n_groups++] = (struct group){.process = sample->process};
		*known = grouping->n_groups;
	}
	return *known - 1;
}

static struct one one_of(struct grouping *grouping, uint32_t at, uint32_t stack)
{
	const struct profile_sample *sample = profile_get_sample(grouping->from, at);

	return (struct one){
		.stack = stack,
		.group = group_of(grouping, sample),
		.comm = otlp_attribute_comm(grouping->profile->dictionary, sample->comm),
		.unverified = sample->flags & SAMPLE_UNVERIFIED ? grouping->profile->unverified : 0,
		.count = grouping->from->counts[at],
	};
}

static uint64_t value_of(const struct one *one)
{
	return one->count < INT64_MAX ? one->count : INT64_MAX;
}

static size_t attributes_size(const struct one *one)
{
	return (one->comm ? wire_varint_size(one->comm) : 0) +
	       (one->unverified ? wire_varint_size(one->unverified) : 0);
}

/* Bytes of a Sample without its tag and length, which are one byte each: it has less than 128. */
static size_t content_size(const struct one *one)
{
	size_t attributes = attributes_size(one);

	return (one->stack ? 1 + wire_varint_size(one->stack) : 0) + (attributes ? 2 + attributes : 0) + 2 +
	       wire_varint_size(value_of(one));
}

static uint8_t *put_tag(uint8_t *at, unsigned field, enum wire_type type)
{
	return wire_put_varint(at, (uint64_t)field << 3 | type);
}

static uint8_t *put_sample(uint8_t *at, const struct one *one)
{
	size_t attributes = attributes_size(one);

	at = put_tag(at, PROFILE_SAMPLES, WIRE_BYTES);
	at = wire_put_varint(at, content_size(one));
	if (one->stack) {
		at = put_tag(at, SAMPLE_STACK_INDEX, WIRE_VARINT);
		at = wire_put_varint(at, one->stack);
	}
	if (attributes) {
		at = put_tag(at, SAMPLE_ATTRIBUTE_INDICES, WIRE_BYTES);
		at = wire_put_varint(at, attributes);
		at = one->comm ? wire_put_varint(at, one->comm) : at;
		at = one->unverified ? wire_put_varint(at, one->unverified) : at;
	}
	at = put_tag(at, SAMPLE_VALUES, WIRE_BYTES);
	at = wire_put_varint(at, wire_varint_size(value_of(one)));
	return wire_put_varint(at, value_of(one));
}

/* Chains the samples of each stack, from the last to the first, so that a chain is in order, and counts the groups. */
static void chain(struct grouping *grouping)
{
	memset(grouping->first, 0xff, grouping->n_stacks * sizeof(*grouping->first));
	for (uint32_t i = otlp_samples_count(grouping->from, grouping->chosen); i-- > 0;) {
		uint32_t at = otlp_samples_nth(grouping->chosen, i), stack;
		struct one one;

		if (!grouping->from->counts[at])
			continue;
		stack = otlp_stacks_of(grouping->stacks, profile_get_sample(grouping->from, at));
		one = one_of(grouping, at, stack);
		grouping->groups[one.group].total += one.count;
		grouping->groups[one.group].room += 2 + content_size(&one);
		grouping->next[i] = grouping->first[stack];
		grouping->first[stack] = i;
	}
}

static int by_total(const void *left, const void *right, void *context)
{
	const struct group *groups = context;
	const struct group *a = &groups[*(const uint32_t *)left], *b = &groups[*(const uint32_t *)right];

	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	return (a->process > b->process) - (a->process < b->process);
}

/* Begins all Profiles, with room for their samples. */
static void begin(struct grouping *grouping)
{
	struct wire *out = grouping->out;

	for (uint32_t i = 0; i < grouping->n_groups; i++)
		grouping->order[i] = i;
	qsort_r(grouping->order, grouping->n_groups, sizeof(*grouping->order), by_total, grouping->groups);
	for (uint32_t i = 0; i < grouping->n_groups && !out->failed; i++) {
		struct group *group = &grouping->groups[grouping->order[i]];

		group->start = out->len;
		otlp_profile_begin(grouping->profile, group->process, group->room, &group->begun);
		group->at = out->len;
		if (wire_reserve(out, group->room))
			out->len += group->room;
	}
}

static int compare(const struct one *a, const struct one *b)
{
	if (a->stack != b->stack)
		return a->stack < b->stack ? -1 : 1;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->comm != b->comm)
		return a->comm < b->comm ? -1 : 1;
	return (a->unverified > b->unverified) - (a->unverified < b->unverified);
}

static int compare_any(const void *left, const void *right)
{
	return compare(left, right);
}

static void sort(struct one *run, uint32_t count)
{
	if (count > FEW) {
		qsort(run, count, sizeof(*run), compare_any);
		return;
	}
	for (uint32_t i = 1; i < count; i++) {
		struct one one = run[i];
		uint32_t at = i;

		for (; at && compare(&run[at - 1], &one) > 0; at--)
			run[at] = run[at - 1];
		run[at] = one;
	}
}

/* Those that are equal stand together, and are added up: that takes less room than each of them. */
static void put_batch(struct grouping *grouping)
{
	struct one *batch = grouping->batch;
	uint32_t count = grouping->n_batch;
	uint8_t *data = grouping->out->data;

	/* One after another, so that memory is asked for all of them at once. */
	for (uint32_t i = 0; i < count; i++)
		batch[i] = one_of(grouping, batch[i].group, batch[i].stack);
	sort(batch, count);
	for (uint32_t i = 0; i < count; i++) {
		struct group *group = &grouping->groups[batch[i].group];

		if (i + 1 < count && !compare(&batch[i], &batch[i + 1]))
			batch[i + 1].count += batch[i].count;
		else
			group->at = (size_t)(put_sample(data + group->at, &batch[i]) - data);
	}
	grouping->n_batch = 0;
}

/* The samples of a stack into the batch; `group` says which, until they are read. */
static int take_stack(struct grouping *grouping, uint32_t stack)
{
	for (uint32_t i = grouping->first[stack]; i != NONE; i = grouping->next[i]) {
		if (grouping->n_batch == grouping->batch_cap) {
			uint32_t cap = grouping->batch_cap ? grouping->batch_cap * 2 : BATCH * 2;
			struct one *batch = reallocarray(grouping->batch, cap, sizeof(*batch));

			if (!batch)
				return -ENOMEM;
			grouping->batch = batch;
			grouping->batch_cap = cap;
		}
		grouping->batch[grouping->n_batch++] =
			(struct one){.stack = stack, .group = otlp_samples_nth(grouping->chosen, i)};
	}
	return 0;
}

static int put_samples(struct grouping *grouping)
{
	int err = 0;

	for (uint32_t stack = 0; stack < grouping->n_stacks && !err; stack++) {
		err = take_stack(grouping, stack);
		if (!err && grouping->n_batch >= BATCH)
			put_batch(grouping);
	}
	if (!err)
		put_batch(grouping);
	return err;
}

/* Closes the gaps, and ends all Profiles. */
static void end(struct grouping *grouping, size_t start)
{
	struct wire *out = grouping->out;

	out->len = start;
	for (uint32_t i = 0; i < grouping->n_groups; i++) {
		struct group *group = &grouping->groups[grouping->order[i]];
		size_t moved = group->start - out->len, len = group->at - group->start;

		if (moved)
			memmove(out->data + out->len, out->data + group->start, len);
		out->len += len;
		otlp_profile_end(grouping->profile, &group->begun, moved);
	}
}

static int alloc(struct grouping *grouping)
{
	size_t n = (size_t)otlp_samples_count(grouping->from, grouping->chosen) + 1;
	size_t resources = (size_t)grouping->from->resources.count + 1;

	grouping->first = calloc(grouping->n_stacks, sizeof(*grouping->first));
	grouping->next = calloc(n, sizeof(*grouping->next));
	grouping->group_of = calloc(resources, sizeof(*grouping->group_of));
	grouping->groups = calloc(resources, sizeof(*grouping->groups));
	grouping->order = calloc(resources, sizeof(*grouping->order));
	return grouping->first && grouping->next && grouping->group_of && grouping->groups && grouping->order ? 0
													      : -ENOMEM;
}

static void release(struct grouping *grouping)
{
	free(grouping->first);
	free(grouping->next);
	free(grouping->group_of);
	free(grouping->groups);
	free(grouping->order);
	free(grouping->batch);
}

int otlp_groups_write(
	const struct otlp_profile *profile, const struct otlp_stacks *stacks, struct otlp_samples chosen)
{
	struct grouping grouping = {.profile = profile, .stacks = stacks, .chosen = chosen,
		.from = profile->dictionary->profile, .out = profile->dictionary->out,
		.n_stacks = profile->dictionary->stacks.count};
	size_t start = grouping.out->len;
	int err = alloc(&grouping);

	if (err)
		goto release;
	chain(&grouping);
	/* No sample at all: still one profile, with how far to trust it. */
	if (!grouping.n_groups)
		grouping.groups[grouping.n_groups++].process = UINT32_MAX;
	begin(&grouping);
	err = grouping.out->failed ? -ENOMEM : put_samples(&grouping);
	if (!err)
		end(&grouping, start);
release:
	release(&grouping);
	return err;
}
