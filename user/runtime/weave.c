// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/weave.h"

/* Where the native stack ends, how many loop frames it has up to there, and how many of them, innermost, stay native. */
struct fit {
	uint32_t native;
	uint32_t loops;
	uint32_t stay;
	bool exact; /* loops pair with groups */
};

static uint32_t count_loops(const struct weave_input *input, uint32_t n)
{
	uint32_t loops = 0;

	for (uint32_t i = 0; i < n; i++)
		loops += input->native[i] == WEAVE_LOOP;
	return loops;
}

static bool ends_group(const struct weave_input *input, uint32_t i)
{
	return input->frames[i].code & RUNTIME_GROUP_END || i + 1 == input->n_frames;
}

static uint32_t count_groups(const struct weave_input *input)
{
	uint32_t groups = 0;

	for (uint32_t i = 0; i < input->n_frames; i++)
		groups += ends_group(input, i);
	return groups;
}

static bool fits(uint32_t loops, uint32_t groups, struct fit *fit)
{
	if (loops != groups && loops != groups + 1)
		return false;
	fit->loops = loops;
	fit->stay = loops - groups;
	fit->exact = true;
	return true;
}

/* The end of a run of greenlet's frames at which a greenlet with as many groups may have been started. */
static bool fit_greenlet(const struct weave_input *input, uint32_t groups, struct fit *fit)
{
	uint32_t loops = 0;

	for (uint32_t i = 0; i < input->n_native; i++) {
		bool last = i + 1 == input->n_native || input->native[i + 1] != WEAVE_SWITCH;

		loops += input->native[i] == WEAVE_LOOP;
		if (input->native[i] != WEAVE_SWITCH || !last || !fits(loops, groups, fit))
			continue;
		fit->native = i + 1;
		return true;
	}
	return false;
}

static struct fit find_fit(const struct weave_input *input, uint32_t groups)
{
	uint32_t loops = count_loops(input, input->n_native);
	struct fit fit = {.native = input->n_native, .loops = loops};

	if (!input->cut && loops == groups && fits(loops, groups, &fit))
		return fit;
	if (!input->runtime_cut && fit_greenlet(input, groups, &fit))
		return fit;
	/* The outer end of what is cut is not there. */
	fit.exact = (input->cut && loops < groups) || (input->runtime_cut && loops > groups);
	if (!fit.exact)
		fits(loops, groups, &fit);
	return fit;
}

static void put(struct weave_output *out, uint32_t index, bool runtime)
{
	if (out->n < WEAVE_ITEMS)
		out->items[out->n++] = (struct weave_item){index, runtime};
}

/* A group's frames; the loop frame itself where it has none. Its end. */
static uint32_t put_group(struct weave_output *out, const struct weave_input *input, uint32_t from, uint32_t loop)
{
	bool any = false;

	for (;; from++) {
		if (input->frames[from].code & RUNTIME_ADDRESS) {
			put(out, from, true);
			any = true;
		}
		if (ends_group(input, from))
			break;
	}
	if (!any && loop < input->n_native)
		put(out, loop, false);
	return from + 1;
}

static void put_native(struct weave_output *out, const struct weave_input *input, uint32_t i, bool loop_stays)
{
	if (input->native[i] == WEAVE_PART && !loop_stays)
		return;
	put(out, i, false);
}

void weave(struct weave_output *out, const struct weave_input *input)
{
	const struct fit fit = find_fit(input, count_groups(input));
	bool is_greenlet = fit.exact && fit.native < input->n_native;
	uint32_t stay = fit.stay, frame = 0;

	out->n = 0;
	out->mismatch = !fit.exact;
	out->cut = is_greenlet ? 0 : input->cut ? input->cut : input->runtime_cut;
	for (uint32_t i = 0; i < fit.native; i++) {
		bool stays = stay || frame >= input->n_frames;

		if (input->native[i] != WEAVE_LOOP || stays)
			put_native(out, input, i, stays);
		else
			frame = put_group(out, input, frame, i);
		stay -= input->native[i] == WEAVE_LOOP && stay;
	}
	while (frame < input->n_frames)
		frame = put_group(out, input, frame, input->n_native);
}
