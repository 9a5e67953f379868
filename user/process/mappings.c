// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/mappings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "process/layout.h"

#define SECOND_NS 1000000000ULL

struct past { /* an address space that exec replaced */
	struct layout *layout;
	uint64_t to_ns;
};

struct mappings {
	struct layout *layout; /* NULL: empty */
	uint64_t base_ns;      /* when the address space began; 0: before we looked */
	uint64_t read_ns;      /* time of the last read */
	struct mapping *ended;
	uint32_t n_ended, ended_cap;
	struct past *past;
	uint32_t n_past;
	uint64_t work, work_from_ns; /* mappings copied since then, for records */
};

struct mappings *mappings_new(uint64_t base_ns)
{
	struct mappings *mappings = calloc(1, sizeof(*mappings));

	if (mappings)
		mappings->base_ns = base_ns;
	return mappings;
}

void mappings_free(struct mappings *mappings)
{
	if (!mappings)
		return;
	layout_drop(mappings->layout);
	for (uint32_t i = 0; i < mappings->n_past; i++)
		layout_drop(mappings->past[i].layout);
	free(mappings->past);
	free(mappings->ended);
	free(mappings);
}

struct mappings *mappings_fork(const struct mappings *parent, uint64_t time_ns)
{
	struct mappings *child = mappings_new(time_ns);

	if (!child)
		return NULL;
	child->layout = parent->layout;
	child->read_ns = parent->read_ns;
	if (child->layout)
		child->layout->refs++;
	return child;
}

static int reserve_ended(struct mappings *mappings, uint32_t more)
{
	uint32_t need = mappings->n_ended + more;
	uint32_t cap = mappings->ended_cap ? mappings->ended_cap : 8;
	struct mapping *ended;

	if (need <= mappings->ended_cap)
		return 0;
	while (cap < need)
		cap *= 2;
	ended = realloc(mappings->ended, cap * sizeof(*ended));
	if (!ended)
		return -ENOMEM;
	mappings->ended = ended;
	mappings->ended_cap = cap;
	return 0;
}

static void forget_oldest(struct mappings *mappings)
{
	uint32_t drop;

	if (mappings->n_ended <= MAPPINGS_ENDED_MAX)
		return;
	drop = mappings->n_ended - MAPPINGS_ENDED_MAX / 2;
	mappings->n_ended -= drop;
	memmove(mappings->ended, mappings->ended + drop,
		mappings->n_ended * sizeof(*mappings->ended));
}

/* The room was made for the worst case; a process with nothing that ended costs nothing. */
static void shrink_ended(struct mappings *mappings)
{
	struct mapping *ended;

	if (mappings->ended_cap <= 2 * mappings->n_ended)
		return;
	if (!mappings->n_ended) {
		free(mappings->ended);
		mappings->ended = NULL;
		mappings->ended_cap = 0;
		return;
	}
	ended = realloc(mappings->ended, mappings->n_ended * sizeof(*ended));
	if (!ended)
		return;
	mappings->ended = ended;
	mappings->ended_cap = mappings->n_ended;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* A change of what is mapped in [start, end): `found` is what is there from time_ns on. */
struct change {
	struct mappings *mappings;
	uint64_t start, end;
	const struct mapping *found;
	uint32_t n_found;
	uint64_t time_ns;
	uint64_t from_ns; /* for what is new */
	bool by_read;     /* what is missing ended unseen */
	struct layout *out;
};

static void emit(struct layout *out, struct mapping piece)
{
	struct mapping *last = out->count ? &out->at[out->count - 1] : NULL;

	if (last && last->end == piece.start && last->from_ns == piece.from_ns &&
		mapping_same(last, &piece)) {
		last->end = piece.end;
		return;
	}
	out->at[out->count++] = piece;
}

static void end_piece(struct change *change, struct mapping piece)
{
	uint64_t seen = later(piece.from_ns, change->mappings->read_ns);

	piece.to_ns = change->by_read ? seen : change->time_ns;
	change->mappings->ended[change->mappings->n_ended++] = piece;
}

/* One stretch in which neither the old nor the new changes. */
static void step(struct change *change, const struct mapping *old, const struct mapping *new,
	uint64_t start, uint64_t end)
{
	struct mapping piece;

	if (old && new && mapping_same(old, new)) {
		emit(change->out, mapping_cut(old, start, end));
		return;
	}
	if (old)
		end_piece(change, mapping_cut(old, start, end));
	if (!new)
		return;
	piece = mapping_cut(new, start, end);
	piece.from_ns = change->from_ns;
	piece.to_ns = UINT64_MAX;
	emit(change->out, piece);
}

static uint64_t boundary(const struct mapping *mapping, uint64_t at, uint64_t end)
{
	if (!mapping)
		return end;
	if (mapping->start > at)
		return mapping->start < end ? mapping->start : end;
	return mapping->end < end ? mapping->end : end;
}

static const struct mapping *covering(const struct mapping *mapping, uint64_t at)
{
	return mapping && mapping->start <= at ? mapping : NULL;
}

static void sweep(struct change *change, const struct layout *old, uint32_t *i)
{
	uint32_t j = 0;
	uint64_t at = change->start;

	while (at < change->end) {
		const struct mapping *was, *is;
		uint64_t next, other;

		while (*i < layout_count(old) && old->at[*i].end <= at)
			++*i;
		while (j < change->n_found && change->found[j].end <= at)
			j++;
		was = *i < layout_count(old) ? &old->at[*i] : NULL;
		is = j < change->n_found ? &change->found[j] : NULL;
		next = boundary(was, at, change->end);
		other = boundary(is, at, change->end);
		if (other < next)
			next = other;
		step(change, covering(was, at), covering(is, at), at, next);
		at = next;
	}
}

/* Makes the layout that is true from now on. 0, -ENOMEM, -E2BIG; on failure nothing has changed. */
static int apply(struct change *change)
{
	struct mappings *mappings = change->mappings;
	struct layout *old = mappings->layout, *out;
	uint32_t count = layout_count(old), i = 0;
	/* Each boundary of the old and the new ends at most one stretch. */
	uint32_t room = 2 * (count + change->n_found) + 2;

	if (reserve_ended(mappings, room))
		return -ENOMEM;
	out = malloc(sizeof(*out) + room * sizeof(out->at[0]));
	if (!out)
		return -ENOMEM;
	out->refs = 1;
	out->count = 0;
	for (; i < count && old->at[i].end <= change->start; i++)
		emit(out, old->at[i]);
	if (i < count && old->at[i].start < change->start)
		emit(out, mapping_cut(&old->at[i], old->at[i].start, change->start));
	change->out = out;
	sweep(change, old, &i);
	for (; i < count; i++) {
		if (old->at[i].end <= change->end)
			continue;
		emit(out, mapping_cut(&old->at[i], later(old->at[i].start, change->end), old->at[i].end));
	}
	mappings->layout = realloc(out, sizeof(*out) + out->count * sizeof(out->at[0]));
	if (!mappings->layout)
		mappings->layout = out;
	layout_drop(old);
	forget_oldest(mappings);
	shrink_ended(mappings);
	return 0;
}

/* A layout of one's own, to write in. */
static struct layout *own_layout(struct mappings *mappings)
{
	struct layout *old = mappings->layout, *copy;
	size_t size = sizeof(*old) + layout_count(old) * sizeof(old->at[0]);

	if (!old || old->refs == 1)
		return old;
	copy = malloc(size);
	if (!copy)
		return NULL;
	memcpy(copy, old, size);
	copy->refs = 1;
	old->refs--;
	mappings->layout = copy;
	return copy;
}

/* Did `mapping` begin at a time that was only assumed, or at a read that came after it had begun? */
static bool begin_unsure(const struct mappings *mappings, const struct mapping *mapping,
	uint64_t time_ns)
{
	return mapping->from_ns == mappings->base_ns || mapping->from_ns > time_ns;
}

/*
 * A record that is older than the last read: it tells when a mapping began that the read showed, or that
 * something was there at time_ns and not at the time of the read.
 */
static int map_late(struct mappings *mappings, const struct mapping *mapping, uint64_t time_ns)
{
	struct layout *layout = own_layout(mappings);
	struct mapping unseen = *mapping;

	if (mappings->layout && !layout)
		return -ENOMEM;
	for (uint32_t i = layout_search(layout, mapping->start);
		i < layout_count(layout) && layout->at[i].start < mapping->end; i++) {
		struct mapping *there = &layout->at[i];

		if (mapping_same(there, mapping) && begin_unsure(mappings, there, time_ns))
			there->from_ns = time_ns;
	}
	if (layout_shows(layout, mapping))
		return 0;
	if (reserve_ended(mappings, 1))
		return -ENOMEM;
	unseen.from_ns = unseen.to_ns = time_ns;
	mappings->ended[mappings->n_ended++] = unseen;
	forget_oldest(mappings);
	return 0;
}

static int keep_past(struct mappings *mappings, uint64_t time_ns)
{
	struct past *past;

	if (!mappings->layout)
		return 0;
	if (mappings->n_past == MAPPINGS_EXECS_MAX) {
		layout_drop(mappings->past[0].layout);
		memmove(mappings->past, mappings->past + 1, --mappings->n_past * sizeof(*past));
	}
	past = realloc(mappings->past, (mappings->n_past + 1) * sizeof(*past));
	if (!past)
		return -ENOMEM;
	mappings->past = past;
	past[mappings->n_past++] = (struct past){ mappings->layout, time_ns };
	mappings->layout = NULL;
	return 0;
}

/* What was there until now is known, what follows is not. */
static int begin_anew(struct mappings *mappings, uint64_t time_ns)
{
	int err = keep_past(mappings, time_ns);

	if (!err)
		mappings->base_ns = time_ns;
	return err;
}

/* Did the records of this second cost more than they may? Each copies the layout. */
static bool overworked(struct mappings *mappings, uint64_t time_ns)
{
	if (time_ns - mappings->work_from_ns >= SECOND_NS) {
		mappings->work_from_ns = time_ns;
		mappings->work = 0;
	}
	mappings->work += layout_count(mappings->layout);
	return mappings->work > MAPPINGS_WORK_MAX && layout_count(mappings->layout) > MAPPINGS_FEW;
}

int mappings_map(struct mappings *mappings, const struct mapping *mapping, uint64_t time_ns)
{
	struct change change = {
		.mappings = mappings,
		.start = mapping->start,
		.end = mapping->end,
		.found = mapping,
		.n_found = 1,
		.time_ns = time_ns,
		.from_ns = time_ns,
	};

	if (mapping->start >= mapping->end)
		return 0;
	if (time_ns < mappings->read_ns)
		return map_late(mappings, mapping, time_ns);
	if (layout_shows(mappings->layout, mapping))
		return 0;
	if (layout_count(mappings->layout) >= MAPPINGS_MAX)
		return -E2BIG;
	if (overworked(mappings, time_ns))
		return begin_anew(mappings, time_ns) ?: -EBUSY;
	return apply(&change);
}

int mappings_exec(struct mappings *mappings, uint64_t time_ns)
{
	struct layout *layout;

	if (time_ns >= mappings->read_ns)
		return begin_anew(mappings, time_ns);
	/* The read saw the address space that began here. */
	layout = own_layout(mappings);
	if (mappings->layout && !layout)
		return -ENOMEM;
	for (uint32_t i = 0; i < layout_count(layout); i++)
		layout->at[i].from_ns = later(layout->at[i].from_ns, time_ns);
	mappings->base_ns = later(mappings->base_ns, time_ns);
	return 0;
}

int mappings_read(struct mappings *mappings, const struct mapping *found, uint32_t count,
	uint64_t time_ns, bool complete)
{
	struct change change = {
		.mappings = mappings,
		.end = UINT64_MAX,
		.found = found,
		.n_found = count,
		.time_ns = time_ns,
		.from_ns = complete ? time_ns : mappings->base_ns,
		.by_read = true,
	};
	int err;

	if (count > MAPPINGS_MAX)
		return -E2BIG;
	err = apply(&change);
	if (err)
		return err;
	mappings->read_ns = time_ns;
	return 0;
}

struct search {
	uint64_t address, first_ns, last_ns;
	const struct mapping *covers; /* there during all of the time */
	uint64_t covers_to;
	bool known, other;
};

static void consider(struct search *search, const struct mapping *mapping, uint64_t to_ns)
{
	if (!mapping)
		return;
	search->known = true;
	if (mapping->from_ns <= search->first_ns && to_ns >= search->last_ns) {
		/* At the very moment of a change both cover: the later one is true from then on. */
		if (!search->covers || mapping->from_ns >= search->covers->from_ns) {
			search->covers = mapping;
			search->covers_to = to_ns;
		}
		return;
	}
	if (mapping->from_ns < search->last_ns && to_ns > search->first_ns)
		search->other = true;
}

enum mappings_answer mappings_find(const struct mappings *mappings, uint64_t address,
	uint64_t first_ns, uint64_t last_ns, struct mapping *out)
{
	struct search search = { .address = address, .first_ns = first_ns, .last_ns = last_ns };

	consider(&search, layout_find(mappings->layout, address), UINT64_MAX);
	for (uint32_t i = 0; i < mappings->n_past; i++)
		consider(&search, layout_find(mappings->past[i].layout, address),
			mappings->past[i].to_ns);
	for (uint32_t i = 0; i < mappings->n_ended; i++) {
		const struct mapping *ended = &mappings->ended[i];

		if (ended->start <= address && address < ended->end)
			consider(&search, ended, ended->to_ns);
	}
	if (!search.known)
		return MAPPINGS_NONE;
	if (!search.covers || search.other)
		return MAPPINGS_CHANGED;
	*out = *search.covers;
	out->to_ns = search.covers_to;
	return MAPPINGS_ONE;
}

static void prune_past(struct mappings *mappings, uint64_t before_ns)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < mappings->n_past; i++) {
		if (mappings->past[i].to_ns < before_ns)
			layout_drop(mappings->past[i].layout);
		else
			mappings->past[kept++] = mappings->past[i];
	}
	mappings->n_past = kept;
	if (kept)
		return;
	free(mappings->past);
	mappings->past = NULL;
}

void mappings_prune(struct mappings *mappings, uint64_t before_ns)
{
	uint32_t kept = 0;

	prune_past(mappings, before_ns);
	for (uint32_t i = 0; i < mappings->n_ended; i++)
		if (mappings->ended[i].to_ns >= before_ns)
			mappings->ended[kept++] = mappings->ended[i];
	mappings->n_ended = kept;
	if (kept)
		return;
	free(mappings->ended);
	mappings->ended = NULL;
	mappings->ended_cap = 0;
}

struct layout *mappings_hold(const struct mappings *mappings)
{
	if (mappings->layout)
		mappings->layout->refs++;
	return mappings->layout;
}

uint32_t mappings_count(const struct mappings *mappings)
{
	return layout_count(mappings->layout);
}

bool mappings_have_anonymous(const struct mappings *mappings)
{
	for (uint32_t i = 0; i < layout_count(mappings->layout); i++)
		if (!mappings->layout->at[i].object)
			return true;
	return false;
}

size_t mappings_memory(const struct mappings *mappings)
{
	size_t total = sizeof(*mappings) + layout_memory(mappings->layout) +
		mappings->ended_cap * sizeof(*mappings->ended) +
		mappings->n_past * sizeof(*mappings->past);

	for (uint32_t i = 0; i < mappings->n_past; i++)
		total += layout_memory(mappings->past[i].layout);
	return total;
}
