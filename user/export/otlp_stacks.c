// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/otlp_stacks.h"

#include <errno.h>
#include <stdlib.h>

#include "export/otlp_proto.h"

struct cut_stack { /* interned by its bytes: no padding */
	uint32_t stack, cut;
};

int otlp_stacks_init(struct otlp_stacks *stacks, const struct profile *profile)
{
	*stacks = (struct otlp_stacks){.profile = profile};
	stacks->whole = calloc((size_t)profile->stacks.count + 1, sizeof(*stacks->whole));
	return stacks->whole ? 0 : -ENOMEM;
}

void otlp_stacks_release(struct otlp_stacks *stacks)
{
	free(stacks->whole);
	free(stacks->cut_entries);
	free(stacks->scratch);
	intern_release(&stacks->cut);
	*stacks = (struct otlp_stacks){0};
}

int otlp_stacks_want(
	struct otlp_stacks *stacks, const struct profile_sample *sample, struct otlp_locations *locations)
{
	uint32_t count, id;
	const uint32_t *frames;

	if (!sample->cut) {
		if (stacks->whole[sample->stack])
			return 0;
		stacks->whole[sample->stack] = 1;
	} else {
		const struct cut_stack key = {sample->stack, sample->cut};
		int err = intern_add(&stacks->cut, &key, sizeof(key), &id);

		if (err)
			return err;
		locations->wanted_cut[sample->cut] = 1;
	}
	frames = profile_get_stack(stacks->profile, sample->stack, &count);
	otlp_locations_want(locations, frames, count);
	return 0;
}

static int reserve_scratch(struct otlp_stacks *stacks, uint32_t count)
{
	uint32_t *scratch;

	if (count <= stacks->scratch_cap)
		return 0;
	scratch = reallocarray(stacks->scratch, count, sizeof(*scratch));
	if (!scratch)
		return -ENOMEM;
	stacks->scratch = scratch;
	stacks->scratch_cap = count;
	return 0;
}

/* `cut` is 0, or the location of the cause. */
static int put_stack(struct otlp_stacks *stacks, const struct otlp_locations *locations, uint32_t stack, uint32_t cut,
	uint32_t *entry)
{
	struct otlp_table *table = &locations->dictionary->stacks;
	uint32_t count, shared = cut;
	const uint32_t *frames = profile_get_stack(stacks->profile, stack, &count);
	int err = reserve_scratch(stacks, count + 1);

	if (err)
		return err;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t location = locations->of_frame[frames[i]];

		shared |= location;
		stacks->scratch[i] = location & ~OTLP_LOCATION_SHARED;
	}
	if (cut)
		stacks->scratch[count++] = cut & ~OTLP_LOCATION_SHARED;
	otlp_table_begin(table);
	wire_packed(table->out, STACK_LOCATION_INDICES, stacks->scratch, count);
	otlp_table_end_later(table, !(shared & OTLP_LOCATION_SHARED), entry);
	return 0;
}

static int put_cut_stacks(struct otlp_stacks *stacks, const struct otlp_locations *locations)
{
	int err = 0;

	stacks->cut_entries = calloc((size_t)stacks->cut.count + 1, sizeof(*stacks->cut_entries));
	if (!stacks->cut_entries)
		return -ENOMEM;
	for (uint32_t i = 0; i < stacks->cut.count && !err; i++) {
		const struct cut_stack *cut = intern_get(&stacks->cut, i, NULL);

		err = put_stack(stacks, locations, cut->stack, locations->of_cut[cut->cut], &stacks->cut_entries[i]);
	}
	return err;
}

int otlp_stacks_write(struct otlp_stacks *stacks, const struct otlp_locations *locations)
{
	int err = 0;

	for (uint32_t i = 0; i < stacks->profile->stacks.count && !err; i++)
		if (stacks->whole[i])
			err = put_stack(stacks, locations, i, 0, &stacks->whole[i]);
	if (!err)
		err = put_cut_stacks(stacks, locations);
	otlp_table_flush(&locations->dictionary->stacks);
	return err;
}

uint32_t otlp_stacks_of(const struct otlp_stacks *stacks, const struct profile_sample *sample)
{
	const struct cut_stack key = {sample->stack, sample->cut};
	uint32_t id;

	if (!sample->cut)
		return stacks->whole[sample->stack];
	return intern_find(&stacks->cut, &key, sizeof(key), &id) ? stacks->cut_entries[id] : 0;
}
