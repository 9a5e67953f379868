// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/weaving.h"

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

static int push_runtime(const struct weaving *weaving, const struct abi_runtime_frame *runtime, uint32_t *id)
{
	const struct abi_entry *entry = weaving->entry;
	const struct code_key key = {entry->start_ns, runtime->code & RUNTIME_ADDRESS, entry->tgid,
		entry->exec, runtime->check};
	struct code_place place;
	struct frame frame;

	if (code_table_find(weaving->resolver->codes, &key, runtime->at, &place))
		return push_unnamed(weaving, id);
	frame = (struct frame){FRAME_RUNTIME, place.function, place.line};
	return profile_frame(weaving->resolver->profile, &frame, id);
}

static int place_items(const struct weaving *weaving, const struct weave_output *woven, uint32_t *frames,
	uint32_t *count)
{
	uint32_t native[ABI_FRAMES], n = 0;
	int err = 0;

	memcpy(native, frames, *count * sizeof(*native));
	for (uint32_t i = 0; i < woven->n && !err; i++) {
		const struct weave_item *item = &woven->items[i];

		if (!item->runtime)
			frames[n++] = native[item->index];
		else
			err = push_runtime(weaving, &weaving->runtime[item->index], &frames[n++]);
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

int weaving_apply(struct weaving *weaving, uint32_t *frames, uint32_t *count, uint32_t *cut, bool *unverified)
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
	struct weave_output woven;
	int err;

	if (entry->runtime == RUNTIME_NONE || weaving->unsupported) {
		if (weaving->loops)
			*cut = cut_unknown(weaving, *cut);
		return 0;
	}
	if (!weaving->loops && !entry->n_runtime &&
		(!entry->runtime_cut || entry->runtime_cut == COUNTER_runtime_not_ready))
		return 0;
	weave(&woven, &input);
	err = place_items(weaving, &woven, frames, count);
	if (err)
		return err;
	*cut = woven.cut;
	*unverified |= woven.mismatch;
	if (woven.mismatch)
		weaving->resolver->counters[COUNTER_runtime_mismatch] += entry->count;
	return 0;
}
