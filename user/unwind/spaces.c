// SPDX-License-Identifier: GPL-2.0-or-later
#include "unwind/spaces.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "process/layout.h"
#include "step_rows.h"
#include "unwind/space_image.h"

#define HOT 2            /* samples handed over */
#define CHANGES_LOOSE 16 /* publications because of other mappings */
#define IDLE_EPOCHS 60
#define GONE_EPOCHS 2

/* One publication: a piece of the arena, and what it was made from. */
struct space {
	struct layout *layout; /* held */
	uint32_t place, words;
	uint32_t process; /* whose */
	uint32_t epoch; /* of its retirement */
	bool retired;
};

/* What is known of a process, by its id. */
struct candidate {
	struct process *process;
	uint64_t mm_state;
	uint32_t exec;
	uint32_t handed_over; /* since its exec */
	uint32_t changes;
	uint32_t space; /* 1 + index of what is published; 0: nothing */
	uint32_t slot;
	uint32_t used; /* epoch */
	uint32_t checked; /* 1 + epoch */
	bool urgent, wanted;
	bool futile; /* a stack led outside of all mappings */
	bool never;  /* more mappings than a space holds; until exec */
};

struct spaces {
	uint64_t *slots;
	struct arena *arena;
	struct tables *tables;
	struct candidate *candidates; /* by process id */
	uint32_t n_candidates;
	struct space *spaces; /* by index; place 0: free */
	uint32_t n_spaces;
	uint32_t *wanted; /* process ids */
	uint32_t n_wanted, wanted_cap;
	uint32_t epoch, version, tables_state;
	uint32_t words, words_most; /* of the arena, in all spaces */
	uint32_t evicted; /* epoch of the last eviction */
	struct spaces_figures figures;
};

struct spaces *spaces_new(uint64_t *slots, struct arena *arena, struct tables *tables)
{
	struct spaces *spaces = calloc(1, sizeof(*spaces));

	if (!spaces)
		return NULL;
	spaces->slots = slots;
	spaces->arena = arena;
	spaces->tables = tables;
	spaces->words_most = arena->size / 2;
	return spaces;
}

static void release(struct spaces *spaces, struct space *space)
{
	if (!space->place)
		return;
	arena_give(spaces->arena, space->place, space->words);
	spaces->words -= space->words;
	layout_drop(space->layout);
	*space = (struct space){0};
}

void spaces_free(struct spaces *spaces)
{
	if (!spaces)
		return;
	for (uint32_t i = 0; i < spaces->n_spaces; i++)
		release(spaces, &spaces->spaces[i]);
	free(spaces->spaces);
	free(spaces->candidates);
	free(spaces->wanted);
	free(spaces);
}

static int reserve_candidate(struct spaces *spaces, uint32_t id)
{
	uint32_t n = spaces->n_candidates;
	struct candidate *candidates;

	if (id < n)
		return 0;
	n = id + 64 > 2 * n ? id + 64 : 2 * n;
	candidates = realloc(spaces->candidates, n * sizeof(*candidates));
	if (!candidates)
		return -ENOMEM;
	memset(candidates + spaces->n_candidates, 0,
		(n - spaces->n_candidates) * sizeof(*candidates));
	spaces->candidates = candidates;
	spaces->n_candidates = n;
	return 0;
}

static int put_wanted(struct spaces *spaces, uint32_t id)
{
	uint32_t cap = spaces->wanted_cap ? 2 * spaces->wanted_cap : 64;
	uint32_t *wanted;

	if (spaces->n_wanted == spaces->wanted_cap) {
		wanted = realloc(spaces->wanted, cap * sizeof(*wanted));
		if (!wanted)
			return -ENOMEM;
		spaces->wanted = wanted;
		spaces->wanted_cap = cap;
	}
	spaces->wanted[spaces->n_wanted++] = id;
	spaces->candidates[id].wanted = true;
	return 0;
}

static void retire(struct spaces *spaces, struct candidate *candidate)
{
	struct space *space;

	if (!candidate->space)
		return;
	space = &spaces->spaces[candidate->space - 1];
	space->retired = true;
	space->epoch = spaces->epoch;
	candidate->space = 0;
}

/* Nobody finds it any more. */
static void unpublish(struct spaces *spaces, struct candidate *candidate)
{
	if (!candidate->space)
		return;
	__atomic_store_n(&spaces->slots[candidate->slot], 0, __ATOMIC_RELEASE);
	retire(spaces, candidate);
	spaces->figures.published--;
}

int spaces_wanted(struct spaces *spaces, struct process *process, const struct abi_entry *entry,
	uint8_t cut)
{
	struct candidate *candidate;
	int err = reserve_candidate(spaces, process->id);

	if (err)
		return err;
	candidate = &spaces->candidates[process->id];
	candidate->process = process;
	if (candidate->exec != entry->exec) {
		unpublish(spaces, candidate);
		candidate->exec = entry->exec;
		candidate->handed_over = candidate->changes = 0;
		candidate->never = false;
	}
	candidate->mm_state = process->mm_state;
	candidate->urgent |= cut == COUNTER_stack_copy_short;
	candidate->futile |= cut == COUNTER_corrupt;
	candidate->used = spaces->epoch;
	candidate->handed_over++;
	if (candidate->wanted || candidate->never ||
		(!candidate->space && candidate->handed_over < HOT && !candidate->urgent))
		return 0;
	return put_wanted(spaces, process->id);
}

static struct abi_space *abi_of(const struct spaces *spaces, const struct space *space)
{
	return arena_piece(spaces->arena, space->place);
}

/* The index of a free struct space; -ENOMEM. */
static int find_space(struct spaces *spaces, uint32_t *index)
{
	uint32_t n = spaces->n_spaces ? 2 * spaces->n_spaces : 64;
	struct space *all;

	for (*index = 0; *index < spaces->n_spaces; ++*index)
		if (!spaces->spaces[*index].place)
			return 0;
	all = realloc(spaces->spaces, n * sizeof(*all));
	if (!all)
		return -ENOMEM;
	memset(all + spaces->n_spaces, 0, (n - spaces->n_spaces) * sizeof(*all));
	spaces->spaces = all;
	spaces->n_spaces = n;
	return 0;
}

static uint32_t flags_of(const struct candidate *candidate)
{
	return candidate->changes >= CHANGES_LOOSE ? SPACE_LOOSE : 0;
}

/* Makes a space of the layout, which it holds from then on. 0, -ENOSPC, -E2BIG, -ENOMEM. */
static int make_space(struct spaces *spaces, const struct candidate *candidate,
	struct layout *layout, uint32_t *out)
{
	uint32_t size = space_image_size(layout), index;
	struct space *space;
	int err;

	if (size > ABI_SPACE_MAPS)
		return -E2BIG;
	err = find_space(spaces, &index);
	if (err)
		return err;
	space = &spaces->spaces[index];
	*space = (struct space){.words = space_image_words(size), .process = candidate->process->id};
	if (spaces->words + space->words <= spaces->words_most)
		space->place = arena_take(spaces->arena, space->words);
	if (!space->place)
		return -ENOSPC;
	spaces->words += space->words;
	space->layout = layout;
	*abi_of(spaces, space) = (struct abi_space){
		.start_ns = candidate->process->start_ns,
		.mm_state = candidate->mm_state,
		.tgid = candidate->process->pid,
		.exec = candidate->exec,
		.version = ++spaces->version,
		.size = size,
		.flags = flags_of(candidate),
		.owner = index,
	};
	space_image_fill(abi_of(spaces, space), layout, spaces->tables);
	*out = index;
	return 0;
}

/* A free slot, or the one that the candidate has. -ENOSPC: its neighbours have them all. */
static int find_slot(const struct spaces *spaces, const struct candidate *candidate,
	uint64_t hash, uint32_t *slot)
{
	if (candidate->space) {
		*slot = candidate->slot;
		return 0;
	}
	for (uint32_t i = 0; i < ABI_SPACE_PROBES; i++) {
		*slot = ((uint32_t)hash + i) & (ABI_SPACE_SLOTS - 1);
		if (!spaces->slots[*slot])
			return 0;
	}
	return -ENOSPC;
}

static int publish_layout(
	struct spaces *spaces, struct candidate *candidate, struct layout *layout)
{
	const struct process *process = candidate->process;
	uint64_t hash = space_hash(process->start_ns, process->pid, candidate->exec);
	uint32_t slot = 0, index = 0;
	bool first = !candidate->space;
	int err = find_slot(spaces, candidate, hash, &slot);

	if (!err)
		err = make_space(spaces, candidate, layout, &index);
	if (err)
		return err;
	retire(spaces, candidate);
	candidate->slot = slot;
	candidate->space = index + 1;
	candidate->urgent = false;
	__atomic_store_n(&spaces->slots[slot], (hash >> 32 << 32) | spaces->spaces[index].place,
		__ATOMIC_RELEASE);
	spaces->figures.published += first;
	spaces->figures.publications++;
	return 0;
}

static struct abi_space *published(const struct spaces *spaces, const struct candidate *candidate)
{
	return candidate->space ? abi_of(spaces, &spaces->spaces[candidate->space - 1]) : NULL;
}

/* The low half of mm_state counts the executable pages. */
static bool mappings_changed(const struct abi_space *space, const struct candidate *candidate)
{
	return (uint32_t)space->mm_state != (uint32_t)candidate->mm_state;
}

enum outcome { PUBLISHED, NOTHING_NEW, NOT_KNOWN, NO_ROOM, TOO_MANY };

static enum outcome publish(struct spaces *spaces, struct candidate *candidate)
{
	struct layout *layout = process_hold_layout(candidate->process);
	struct abi_space *space = published(spaces, candidate);
	bool changed = space && mappings_changed(space, candidate);
	int err;

	if (!layout)
		return NOT_KNOWN;
	if (space && (!changed || space->flags & SPACE_LOOSE) && space_image_shows(space, layout, spaces->tables)) {
		layout_drop(layout);
		return NOTHING_NEW;
	}
	candidate->changes += changed;
	err = publish_layout(spaces, candidate, layout);
	if (!err)
		return PUBLISHED;
	layout_drop(layout);
	spaces->figures.no_room++;
	return err == -E2BIG ? TOO_MANY : NO_ROOM;
}

/* The published candidate that was used least lately, and not in this epoch or the last. NULL: none. */
static struct candidate *least_used(struct spaces *spaces)
{
	struct candidate *found = NULL;

	for (uint32_t i = 0; i < spaces->n_spaces; i++) {
		const struct space *space = &spaces->spaces[i];
		struct candidate *candidate;

		if (!space->place || space->retired)
			continue;
		candidate = &spaces->candidates[space->process];
		if (spaces->epoch - candidate->used >= 2 &&
			(!found || candidate->used < found->used))
			found = candidate;
	}
	return found;
}

/* What holds an evicted table is published anew, or not at all. */
static void replace_all(struct spaces *spaces)
{
	uint32_t n = spaces->n_spaces;

	spaces->tables_state = tables_state(spaces->tables);
	for (uint32_t i = 0; i < n; i++) {
		struct candidate *candidate;
		enum outcome outcome;

		if (!spaces->spaces[i].place || spaces->spaces[i].retired)
			continue;
		candidate = &spaces->candidates[spaces->spaces[i].process];
		outcome = publish(spaces, candidate);
		if (outcome != PUBLISHED && outcome != NOTHING_NEW)
			unpublish(spaces, candidate);
	}
}

/* One an epoch: what it gives back can be taken two epochs later. */
static void make_room(struct spaces *spaces)
{
	struct candidate *candidate = least_used(spaces);

	if (!candidate || spaces->evicted == spaces->epoch + 1)
		return;
	spaces->evicted = spaces->epoch + 1;
	unpublish(spaces, candidate);
}

/* The kernel side asked for code outside of the mappings, and there is none. */
static void note_complete(const struct spaces *spaces, const struct candidate *candidate)
{
	struct abi_space *space = published(spaces, candidate);

	if (candidate->futile && !(space->flags & SPACE_LOOSE))
		space->flags |= SPACE_COMPLETE;
}

static void publish_wanted(struct spaces *spaces, struct candidate *candidate)
{
	switch (publish(spaces, candidate)) {
	case PUBLISHED:
		break;
	case NOTHING_NEW:
		note_complete(spaces, candidate);
		break;
	case TOO_MANY:
		candidate->never = true;
		unpublish(spaces, candidate);
		break;
	case NOT_KNOWN:
		unpublish(spaces, candidate);
		break;
	case NO_ROOM:
		make_room(spaces);
		break;
	}
	candidate->futile = false;
}

void spaces_publish(struct spaces *spaces)
{
	if (spaces->tables_state != tables_state(spaces->tables))
		replace_all(spaces);
	for (uint32_t i = 0; i < spaces->n_wanted; i++) {
		struct candidate *candidate = &spaces->candidates[spaces->wanted[i]];

		candidate->wanted = false;
		publish_wanted(spaces, candidate);
	}
	spaces->n_wanted = 0;
}

/* A layout does not change: another one may be another truth. */
static void check_layout(
	struct spaces *spaces, struct candidate *candidate, const struct space *space)
{
	struct layout *layout;

	if (space->retired || candidate->checked == spaces->epoch + 1)
		return;
	candidate->checked = spaces->epoch + 1;
	layout = process_hold_layout(candidate->process);
	if (layout && layout != space->layout) {
		abi_of(spaces, space)->flags &= ~(uint32_t)SPACE_COMPLETE;
		if (!candidate->wanted && !space_image_shows(abi_of(spaces, space), layout, spaces->tables))
			put_wanted(spaces, space->process);
	}
	layout_drop(layout);
}

int spaces_use(struct spaces *spaces, const struct abi_entry *entry, const struct layout **layout)
{
	const struct abi_space *abi = arena_piece(spaces->arena, entry->space);
	const struct space *space;
	struct candidate *candidate;

	if (entry->space + sizeof(*abi) / 8 > spaces->arena->size || abi->owner >= spaces->n_spaces)
		return -ESTALE;
	space = &spaces->spaces[abi->owner];
	if (space->place != entry->space || abi->version != entry->space_version)
		return -ESTALE;
	candidate = &spaces->candidates[space->process];
	candidate->used = spaces->epoch;
	check_layout(spaces, candidate, space);
	*layout = space->layout;
	return 0;
}

static bool is_idle(const struct spaces *spaces, const struct candidate *candidate)
{
	uint32_t idle = spaces->epoch - candidate->used;

	return idle > IDLE_EPOCHS || (candidate->process->gone && idle > GONE_EPOCHS);
}

void spaces_epoch(struct spaces *spaces)
{
	spaces->epoch++;
	for (uint32_t i = 0; i < spaces->n_spaces; i++) {
		struct space *space = &spaces->spaces[i];

		if (!space->place)
			continue;
		if (!space->retired && is_idle(spaces, &spaces->candidates[space->process]))
			unpublish(spaces, &spaces->candidates[space->process]);
		else if (space->retired && spaces->epoch - space->epoch >= 2)
			release(spaces, space);
	}
}

struct spaces_figures spaces_figures(const struct spaces *spaces)
{
	return spaces->figures;
}
