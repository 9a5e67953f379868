// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/weaving.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/code_table.h"
#include "runtime/weave.h"

void weaving_note(struct weaving *weaving, uint32_t i, const struct place *place, struct interpreter_code code)
{
	weaving->kinds[i] = code.kind;
	weaving->loops |= code.kind == WEAVE_LOOP;
	weaving->unsupported |= code.unsupported;
	if (code.tail_calls && i && weaving->kinds[i - 1] == WEAVE_NATIVE &&
		weaving->object == place->object->id)
		weaving->kinds[i - 1] = WEAVE_PART;
	weaving->object = place->object->id;
}

static int push_unnamed(const struct weaving *weaving, uint32_t *id)
{
	const struct frame frame = {FRAME_UNKNOWN, COUNTER_runtime_code_gone, 0};

	return profile_frame(weaving->resolver->profile, &frame, id);
}

/* Adds its frame to frames[*n], unless it is the interpreter's own. */
static int push_runtime(
	const struct weaving *weaving, const struct abi_runtime_frame *runtime, uint32_t *frames, uint32_t *n)
{
	const struct abi_entry *entry = weaving->entry;
	const struct code_key key = {entry->start_ns, runtime->code & RUNTIME_ADDRESS, entry->tgid,
		entry->exec, runtime->check};
	struct code_place place;
	struct frame frame;

	if (code_table_find(weaving->resolver->codes, &key, runtime->at, &place))
		return push_unnamed(weaving, &frames[(*n)++]);
	if (place.internal)
		return 0;
	frame = (struct frame){FRAME_RUNTIME, place.function, place.line};
	return profile_frame(weaving->resolver->profile, &frame, &frames[(*n)++]);
}

/* Not on the stack: profound's own must fit into the copy of a sample. */
struct scratch {
	struct weave_output woven;
	uint32_t native[ABI_FRAMES];
};

static int place_items(const struct weaving *weaving, struct scratch *scratch, uint32_t *frames, uint32_t *count)
{
	const struct weave_output *woven = &scratch->woven;
	uint32_t n = 0;
	int err = 0;

	memcpy(scratch->native, frames, *count * sizeof(*frames));
	for (uint32_t i = 0; i < woven->n && !err; i++) {
		const struct weave_item *item = &woven->items[i];

		if (!item->runtime)
			frames[n++] = scratch->native[item->index];
		else
			err = push_runtime(weaving, &weaving->runtime[item->index], frames, &n);
	}
	*count = n;
	return err;
}

/* The loop ran, and nothing is known of its frames. */
static uint32_t cut_unknown(const struct weaving *weaving, uint32_t cut)
{
	if (cut)
		return cut;
	return weaving->unsupported ? COUNTER_runtime_unsupported : COUNTER_runtime_not_ready;
}

static int apply(struct weaving *weaving, struct scratch *scratch, uint32_t *frames, uint32_t *count, uint32_t *cut,
	bool *unverified)
{
	const struct abi_entry *entry = weaving->entry;
	const struct weave_input input = {
		.native = weaving->kinds,
		.n_native = *count,
		.frames = weaving->runtime,
		.n_frames = entry->n_runtime,
		.cut = (uint8_t)*cut,
		.runtime_cut = entry->runtime_cut,
	};
	int err;

	weave(&scratch->woven, &input);
	err = place_items(weaving, scratch, frames, count);
	if (err)
		return err;
	*cut = scratch->woven.cut;
	*unverified |= scratch->woven.mismatch;
	if (scratch->woven.mismatch)
		weaving->resolver->counters[COUNTER_runtime_mismatch] += entry->count;
	return 0;
}

int weaving_apply(struct weaving *weaving, uint32_t *frames, uint32_t *count, uint32_t *cut, bool *unverified)
{
	const struct abi_entry *entry = weaving->entry;
	struct scratch *scratch;
	int err;

	if (entry->runtime == RUNTIME_NONE || weaving->unsupported) {
		if (weaving->loops)
			*cut = cut_unknown(weaving, *cut);
		return 0;
	}
	if (!weaving->loops && !entry->n_runtime &&
		(!entry->runtime_cut || entry->runtime_cut == COUNTER_runtime_not_ready))
		return 0;
	scratch = malloc(sizeof(*scratch));
	if (!scratch)
		return -ENOMEM;
	err = apply(weaving, scratch, frames, count, cut, unverified);
	free(scratch);
	return err;
}
