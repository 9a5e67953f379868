// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/otlp_stacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/large.h"
#include "export/otlp_proto.h"

struct cut_stack { /* interned by its bytes: no padding */
	uint32_t stack, cut;
};

int otlp_stacks_init(struct otlp_stacks *stacks, const struct profile *profile, uint32_t samples)
{
	*stacks = (struct otlp_stacks){
		.profile = profile, .samples = samples, .keys_cap = profile->stacks.count + 1};
	stacks->first = large_alloc(stacks->keys_cap * sizeof(*stacks->first));
	stacks->next = large_alloc(samples * sizeof(*stacks->next));
	if (stacks->first && stacks->next)
		return 0;
	otlp_stacks_release(stacks);
	return -ENOMEM;
}

void otlp_stacks_release(struct otlp_stacks *stacks)
{
	large_free(stacks->first, stacks->keys_cap * sizeof(*stacks->first));
	large_free(stacks->next, stacks->samples * sizeof(*stacks->next));
	intern_release(&stacks->cut);
	*stacks = (struct otlp_stacks){0};
}

static int reserve_key(struct otlp_stacks *stacks, uint32_t key)
{
	size_t cap = (size_t)stacks->keys_cap * 2;
	uint32_t *first;

	if (key < stacks->keys_cap)
		return 0;
	first = cap < UINT32_MAX / 2 ? large_resize(stacks->first, stacks->keys_cap * sizeof(*first), cap * sizeof(*first))
				     : NULL;
	if (!first)
		return -ENOMEM;
	memset(first + stacks->keys_cap, 0, (cap - stacks->keys_cap) * sizeof(*first));
	stacks->first = first;
	stacks->keys_cap = (uint32_t)cap;
	return 0;
}

static int key_of(struct otlp_stacks *stacks, const struct profile_sample *sample, uint32_t *key)
{
	const struct cut_stack cut = {sample->stack, sample->cut};
	uint32_t id;
	int err;

	*key = sample->stack;
	if (!sample->cut)
		return 0;
	err = intern_add(&stacks->cut, &cut, sizeof(cut), &id);
	if (err)
		return err;
	*key = stacks->profile->stacks.count + id;
	return reserve_key(stacks, *key);
}

int otlp_stacks_want(struct otlp_stacks *stacks, const struct profile_sample *sample, uint32_t place)
{
	uint32_t key;
	int err = key_of(stacks, sample, &key);

	if (err)
		return err;
	stacks->next[place] = stacks->first[key];
	stacks->first[key] = place + 1;
	return 0;
}

static void want_frames(
	const struct otlp_stacks *stacks, struct otlp_locations *locations, uint32_t stack, unsigned cut)
{
	uint32_t count;
	const uint32_t *frames = profile_get_stack(stacks->profile, stack, &count);

	otlp_locations_want(locations, frames, count, cut);
}

void otlp_stacks_want_locations(const struct otlp_stacks *stacks, struct otlp_locations *locations)
{
	for (uint32_t i = 0; i < stacks->profile->stacks.count; i++)
		if (stacks->first[i])
			want_frames(stacks, locations, i, 0);
	for (uint32_t i = 0; i < stacks->cut.count; i++) {
		const struct cut_stack *cut = intern_get(&stacks->cut, i, NULL);

		want_frames(stacks, locations, cut->stack, cut->cut);
	}
}

/* All four bytes are written, those that count are kept: there is room behind. */
static uint8_t *put_packed(uint8_t *at, uint32_t location)
{
	memcpy(at, &location, sizeof(location));
	return at + (location >> OTLP_LOCATION_SIZE_SHIFT & 3);
}

/* Locations of frames into what is packed, whose room is there; which of the flags were in them. */
static uint32_t put_locations(
	const struct otlp_locations *locations, const uint32_t *of_frame, const uint32_t *frames, uint32_t count)
{
	struct wire *out = locations->dictionary->out;
	uint8_t *at = out->data + out->len;
	uint32_t all = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t location = of_frame[frames[i]];

		all |= location;
		at = locations->packed ? put_packed(at, location)
				       : wire_put_varint(at, location & ~OTLP_LOCATION_SHARED);
	}
	out->len = (size_t)(at - out->data);
	return all & OTLP_LOCATION_SHARED;
}

/* `cut` is 0, or the location of the cause. */
static void put_stack(struct otlp_stacks *stacks, const struct otlp_locations *locations, uint32_t stack, uint32_t cut,
	uint32_t *entry)
{
	struct otlp_table *table = &locations->dictionary->stacks;
	struct wire *out = table->out;
	uint32_t count, shared;
	const uint32_t *frames = profile_get_stack(stacks->profile, stack, &count);
	size_t begun;

	otlp_table_begin(table);
	begun = wire_begin(out, STACK_LOCATION_INDICES);
	if (!wire_reserve(out, ((size_t)count + 1) * WIRE_VARINT_MAX))
		return;
	shared = put_locations(locations, locations->of_frame, frames, count);
	if (cut)
		shared |= put_locations(locations, &cut, &(uint32_t){0}, 1);
	wire_end(out, begun);
	if (out->len == begun) /* no frame at all: the zero value */
		out->len = table->begun;
	otlp_table_end_later(table, !shared, entry);
}

static int put_wanted(struct otlp_stacks *stacks, const struct otlp_locations *locations, uint32_t *entries)
{
	uint32_t whole = stacks->profile->stacks.count;
	for (uint32_t i = 0; i < whole; i++)
		if (stacks->first[i])
			put_stack(stacks, locations, i, 0, &entries[i]);
	for (uint32_t i = 0; i < stacks->cut.count; i++) {
		const struct cut_stack *cut = intern_get(&stacks->cut, i, NULL);

		put_stack(stacks, locations, cut->stack, locations->of_cut[cut->cut], &entries[whole + i]);
	}
	otlp_table_flush(&locations->dictionary->stacks);
	return locations->dictionary->out->failed ? -ENOMEM : 0;
}

/* Puts the samples of a stack before those of another one that became the same entry. */
static uint32_t join(struct otlp_stacks *stacks, uint32_t first, uint32_t others)
{
	uint32_t last = first;

	if (!others)
		return first;
	while (stacks->next[last - 1])
		last = stacks->next[last - 1];
	stacks->next[last - 1] = others;
	return first;
}

/* Entries count up with keys, so that first[] of an entry takes the place of a key that has been seen, or of the next
 * one. */
static void order_by_entry(struct otlp_stacks *stacks, const uint32_t *entries)
{
	uint32_t keys = stacks->profile->stacks.count + stacks->cut.count, empty = 0;

	for (uint32_t key = 0; key < keys; key++) {
		uint32_t first = stacks->first[key], entry = entries[key];

		if (!first)
			continue;
		stacks->first[key] = 0;
		if (entry)
			stacks->first[entry - 1] = join(stacks, first, stacks->first[entry - 1]);
		else
			empty = join(stacks, first, empty);
	}
	memmove(stacks->first + 1, stacks->first, (stacks->keys_cap - 1) * sizeof(*stacks->first));
	stacks->first[0] = empty;
}

int otlp_stacks_write(struct otlp_stacks *stacks, const struct otlp_locations *locations)
{
	size_t keys = (size_t)stacks->profile->stacks.count + stacks->cut.count + 1;
	uint32_t *entries = large_alloc(keys * sizeof(*entries));
	int err = entries ? reserve_key(stacks, (uint32_t)keys) : -ENOMEM;

	if (!err)
		err = put_wanted(stacks, locations, entries);
	if (!err)
		order_by_entry(stacks, entries);
	otlp_table_release(&locations->dictionary->stacks);
	large_free(entries, keys * sizeof(*entries));
	return err;
}
