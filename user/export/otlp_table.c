// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/otlp_table.h"

#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/large.h"

struct otlp_slot {
	uint32_t hash;
	uint32_t known; /* place in otlp_table.known + 1; 0: free */
};

struct otlp_known {
	uint32_t index;
	uint32_t offset;
};

void otlp_table_init(struct otlp_table *table, struct wire *out, unsigned field)
{
	*table = (struct otlp_table){.out = out, .origin = out->len, .field = (uint8_t)field, .count = 1};
	wire_end(out, wire_begin(out, field));
}

static void free_slots(struct otlp_table *table)
{
	large_free(table->slots, table->slots ? ((size_t)table->mask + 1) * sizeof(*table->slots) : 0);
}

void otlp_table_release(struct otlp_table *table)
{
	free_slots(table);
	large_free(table->known, table->known_cap * sizeof(*table->known));
	table->slots = NULL;
	table->known = NULL;
	table->n_known = table->known_cap = 0;
}

void otlp_table_begin(struct otlp_table *table)
{
	table->entry = table->out->len;
	table->begun = wire_begin(table->out, table->field);
}

static bool rehash(struct otlp_table *table, uint32_t mask)
{
	struct otlp_slot *slots = large_alloc(((size_t)mask + 1) * sizeof(*slots));

	if (!slots)
		return false;
	for (uint32_t i = 0; table->slots && i <= table->mask; i++) {
		uint32_t to = table->slots[i].hash & mask;

		if (!table->slots[i].known)
			continue;
		while (slots[to].known)
			to = (to + 1) & mask;
		slots[to] = table->slots[i];
	}
	free_slots(table);
	table->slots = slots;
	table->mask = mask;
	return true;
}

/* Room for so many more that are known. */
static bool reserve(struct otlp_table *table, uint32_t more)
{
	uint32_t cap = table->known_cap ? table->known_cap : 32, mask;
	struct otlp_known *known;

	if (more <= table->known_cap - table->n_known)
		return true;
	while (cap < table->n_known + more) {
		if (cap >= UINT32_MAX / 4)
			return false;
		cap *= 2;
	}
	mask = cap * 2 - 1; /* at most half full */
	known = large_resize(table->known, table->known_cap * sizeof(*known), cap * sizeof(*known));
	if (!known)
		return false;
	table->known = known;
	table->known_cap = cap;
	return rehash(table, mask);
}

void otlp_table_reserve(struct otlp_table *table, uint32_t entries)
{
	if (!reserve(table, entries))
		table->out->failed = true;
}

/* The slot of an equal entry, or the free one where it belongs. An entry begins with its length: no other one is a part
 * of it. */
static struct otlp_slot *find(const struct otlp_table *table, uint32_t hash, const uint8_t *entry, size_t len)
{
	const uint8_t *origin = table->out->data + table->origin;
	uint32_t i = hash & table->mask;

	for (; table->slots[i].known; i = (i + 1) & table->mask) {
		const struct otlp_slot *slot = &table->slots[i];

		if (slot->hash == hash && !memcmp(origin + table->known[slot->known - 1].offset, entry, len))
			break;
	}
	return &table->slots[i];
}

/* The index of the entry that ends the wire, which is taken back if it is equal to another one. */
static uint32_t look_up(struct otlp_table *table, const struct otlp_pending *pending)
{
	struct wire *out = table->out;
	const uint8_t *entry = out->data + pending->entry;
	struct otlp_slot *slot = find(table, pending->hash, entry, out->len - pending->entry);

	if (slot->known) {
		out->len = pending->entry;
		return table->known[slot->known - 1].index;
	}
	table->known[table->n_known] =
		(struct otlp_known){table->count, (uint32_t)(pending->entry - table->origin)};
	*slot = (struct otlp_slot){pending->hash, ++table->n_known};
	return table->count++;
}

/* Each entry in turn goes to where those before it end. */
void otlp_table_flush(struct otlp_table *table)
{
	struct wire *out = table->out;
	size_t end = out->len;

	if (!table->n_pending || out->failed)
		return;
	out->len = table->pending[0].entry;
	for (uint32_t i = 0; i < table->n_pending; i++) {
		struct otlp_pending *pending = &table->pending[i];
		size_t next = i + 1 < table->n_pending ? table->pending[i + 1].entry : end;
		size_t len = next - pending->entry;

		if (out->len != pending->entry)
			memmove(out->data + out->len, out->data + pending->entry, len);
		pending->entry = out->len;
		out->len += len;
		*pending->index = pending->unique ? table->count++ : look_up(table, pending);
	}
	table->n_pending = 0;
}

static void push(struct otlp_table *table, bool unique, uint32_t *index)
{
	struct wire *out = table->out;
	struct otlp_pending *pending;

	if (!unique && !reserve(table, OTLP_TABLE_BATCH)) {
		out->failed = true;
		return;
	}
	pending = &table->pending[table->n_pending++];
	pending->entry = table->entry;
	pending->unique = unique;
	pending->index = index;
	if (!unique) {
		pending->hash = (uint32_t)XXH3_64bits(out->data + table->entry, out->len - table->entry);
		__builtin_prefetch(&table->slots[pending->hash & table->mask], 1);
	}
	if (table->n_pending == OTLP_TABLE_BATCH)
		otlp_table_flush(table);
}

void otlp_table_end_later(struct otlp_table *table, bool unique, uint32_t *index)
{
	struct wire *out = table->out;

	*index = 0;
	if (out->len == table->begun && !out->failed) {
		out->len = table->entry;
		return;
	}
	wire_end(out, table->begun);
	if (!out->failed)
		push(table, unique, index);
}

uint32_t otlp_table_end(struct otlp_table *table)
{
	uint32_t index;

	otlp_table_end_later(table, false, &index);
	otlp_table_flush(table);
	return index;
}

static uint32_t put_string(struct otlp_table *table, const char *text, size_t len, bool unique)
{
	uint32_t index = 0;

	if (!len)
		return 0;
	table->entry = table->out->len;
	wire_bytes(table->out, table->field, text, len);
	if (!table->out->failed)
		push(table, unique, &index);
	otlp_table_flush(table);
	return index;
}

uint32_t otlp_table_string(struct otlp_table *table, const char *text, size_t len)
{
	return put_string(table, text, len, false);
}

uint32_t otlp_table_unique_string(struct otlp_table *table, const char *text, size_t len)
{
	return put_string(table, text, len, true);
}
