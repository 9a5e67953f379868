// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/code_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "runtime/cpython_code.h"

#define SLOTS_LEAST 256U

struct entry {
	struct code_key key;
	uint32_t function; /* id in `functions` */
	uint32_t lines;    /* id in `tables` */
	bool used, internal;
	bool seen; /* by a prune before */
};

struct code_table {
	struct profile *profile; /* borrowed */
	struct intern texts;
	struct intern functions; /* of struct profile_function, with ids of `texts` */
	uint32_t *placed;        /* one a function: its id in the profile + 1, or 0 */
	uint32_t placed_cap;
	struct intern tables;    /* of struct table_head and a line table behind it */
	struct entry *entries;   /* open addressing, linear probe, half full at most */
	uint32_t slots, used;    /* slots: a power of two, or 0 */
};

struct table_head {
	uint32_t kind; /* enum cpython_lines_kind */
	uint32_t first_line;
};

struct code_table *code_table_new(struct profile *profile)
{
	struct code_table *table = calloc(1, sizeof(*table));

	if (table)
		table->profile = profile;
	return table;
}

void code_table_free(struct code_table *table)
{
	if (!table)
		return;
	intern_release(&table->tables);
	intern_release(&table->functions);
	intern_release(&table->texts);
	free(table->placed);
	free(table->entries);
	free(table);
}

void code_table_begin_profile(struct code_table *table)
{
	if (table->placed)
		memset(table->placed, 0, table->placed_cap * sizeof(*table->placed));
}

static bool same(const struct code_key *a, const struct code_key *b)
{
	return a->code == b->code && a->check == b->check && a->start_ns == b->start_ns &&
	       a->tgid == b->tgid && a->exec == b->exec;
}

static uint32_t hash(const struct code_key *key)
{
	uint64_t mixed = key->code * 0x9e3779b97f4a7c15ULL;

	mixed = (mixed ^ mixed >> 29 ^ key->start_ns) * 0xc2b2ae3d27d4eb4fULL;
	mixed = (mixed ^ mixed >> 29 ^ ((uint64_t)key->check << 32 | (key->tgid ^ key->exec << 24))) *
		0x9e3779b97f4a7c15ULL;
	return mixed >> 32;
}

/* Where the key is, or would be. There is a free slot. */
static struct entry *slot_of(const struct code_table *table, const struct code_key *key)
{
	uint32_t at = hash(key) & (table->slots - 1);

	while (table->entries[at].used && !same(&table->entries[at].key, key))
		at = (at + 1) & (table->slots - 1);
	return &table->entries[at];
}

static int resize(struct code_table *table, uint32_t slots)
{
	struct code_table grown = *table;

	grown.slots = slots;
	grown.entries = calloc(slots, sizeof(*grown.entries));
	if (!grown.entries)
		return -ENOMEM;
	for (uint32_t i = 0; i < table->slots; i++)
		if (table->entries[i].used)
			*slot_of(&grown, &table->entries[i].key) = table->entries[i];
	free(table->entries);
	*table = grown;
	return 0;
}

static int put(struct code_table *table, const struct entry *entry)
{
	struct entry *slot;
	int err = 0;

	if (2 * (table->used + 1) > table->slots)
		err = resize(table, table->slots ? 2 * table->slots : SLOTS_LEAST);
	if (err)
		return err;
	slot = slot_of(table, &entry->key);
	table->used += !slot->used;
	*slot = *entry;
	return 0;
}

static int intern_lines(struct code_table *table, const struct cpython_code *code,
	enum cpython_lines_kind kind, uint32_t *id)
{
	struct {
		struct table_head head;
		uint8_t bytes[ABI_CODE_LINES];
	} whole = {.head = {kind, code->first_line}};

	memcpy(whole.bytes, code->lines, code->lines_size);
	return intern_add(&table->tables, &whole, sizeof(whole.head) + code->lines_size, id);
}

static int reserve_placed(struct code_table *table)
{
	uint32_t count = table->functions.count + 1, cap = table->placed_cap ? table->placed_cap : SLOTS_LEAST;
	uint32_t *placed;

	while (cap < count)
		cap *= 2;
	if (cap == table->placed_cap)
		return 0;
	placed = reallocarray(table->placed, cap, sizeof(*placed));
	if (!placed)
		return -ENOMEM;
	memset(placed + table->placed_cap, 0, (cap - table->placed_cap) * sizeof(*placed));
	table->placed = placed;
	table->placed_cap = cap;
	return 0;
}

static int intern_function(struct code_table *table, const struct cpython_code *code, uint32_t *id)
{
	struct profile_function function = {
		.first_line = code->first_line, .type = FRAME_TYPE_CPYTHON};
	int err = reserve_placed(table);

	if (!err)
		err = intern_text(&table->texts, code->function, &function.name);
	if (!err)
		err = intern_text(&table->texts, code->file, &function.file);
	return err ? err : intern_add(&table->functions, &function, sizeof(function), id);
}

int code_table_add(struct code_table *table, const struct abi_code *record, size_t size,
	enum cpython_lines_kind lines)
{
	struct entry entry = {.used = true};
	struct cpython_code code;
	int err = cpython_code_parse(&code, record, size);

	if (err)
		return err;
	entry.key = (struct code_key){
		record->start_ns, record->code, record->tgid, record->exec, record->check};
	entry.internal = code.internal;
	err = intern_function(table, &code, &entry.function);
	if (!err)
		err = intern_lines(table, &code, lines, &entry.lines);
	return err ? err : put(table, &entry);
}

static uint32_t line_at(const struct code_table *table, uint32_t id, uint32_t at)
{
	size_t size;
	const struct table_head *head = intern_get(&table->tables, id, &size);
	const struct cpython_lines lines = {head->kind, (const uint8_t *)(head + 1),
		size - sizeof(*head), head->first_line};

	return at == ABI_RUNTIME_AT_UNKNOWN ? head->first_line : cpython_lines_find(&lines, at);
}

/* A function comes into the profile when it is sampled. */
static int place_function(struct code_table *table, uint32_t id, uint32_t *out)
{
	struct profile_function function = *(const struct profile_function *)intern_get(&table->functions, id, NULL);
	struct profile *profile = table->profile;
	int err;

	if (table->placed[id]) {
		*out = table->placed[id] - 1;
		return 0;
	}
	err = intern_text(&profile->text, intern_get(&table->texts, function.name, NULL), &function.name);
	if (!err)
		err = intern_text(&profile->text, intern_get(&table->texts, function.file, NULL), &function.file);
	if (!err)
		err = profile_function(profile, &function, out);
	if (!err)
		table->placed[id] = *out + 1;
	return err;
}

int code_table_find(struct code_table *table, const struct code_key *key, uint32_t at, struct code_place *out)
{
	const struct entry *entry = table->slots ? slot_of(table, key) : NULL;
	uint32_t function = 0;
	int err;

	if (!entry || !entry->used)
		return -ENOENT;
	err = entry->internal ? 0 : place_function(table, entry->function, &function);
	if (err)
		return err;
	out->function = function;
	out->internal = entry->internal;
	out->line = line_at(table, entry->lines, at);
	return 0;
}

void code_table_prune(struct code_table *table, bool (*keep)(void *context, const struct code_key *key), void *context)
{
	uint32_t used = 0, slots = SLOTS_LEAST;

	for (uint32_t i = 0; i < table->slots; i++) {
		struct entry *entry = &table->entries[i];

		entry->used = entry->used && (!entry->seen || keep(context, &entry->key));
		entry->seen = true;
		used += entry->used;
	}
	if (!table->slots)
		return;
	table->used = used;
	while (slots < 2 * (used + 1))
		slots *= 2;
	/* A hole ends a probe: what is left is placed anew. */
	if (resize(table, slots)) {
		free(table->entries);
		table->entries = NULL;
		table->slots = table->used = 0;
	}
}

size_t code_table_bytes(const struct code_table *table)
{
	return table->slots * sizeof(*table->entries) + table->placed_cap * sizeof(*table->placed) +
	       intern_bytes(&table->tables) + intern_bytes(&table->functions) + intern_bytes(&table->texts);
}
