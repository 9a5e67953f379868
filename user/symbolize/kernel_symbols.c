// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/kernel_symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "symbolize/kallsyms.h"

#define NOTES_MAX 65536u
#define NOTE_RANK (KALLSYMS_RANK + 1)

struct note {
	uint64_t start, end;
	uint32_t name; /* text id */
	uint32_t reserved;
};

struct kernel_symbols {
	struct intern text;
	struct intern notes; /* of struct note */
	bool full;           /* some were not noted: what covers an address is not known for sure */
};

struct kernel_symbols *kernel_symbols_new(void)
{
	return calloc(1, sizeof(struct kernel_symbols));
}

void kernel_symbols_free(struct kernel_symbols *symbols)
{
	if (!symbols)
		return;
	intern_release(&symbols->text);
	intern_release(&symbols->notes);
	free(symbols);
}

int kernel_symbols_note(struct kernel_symbols *symbols, const struct lifecycle *record)
{
	struct note note = {.start = record->start, .end = record->end};
	uint32_t id;
	int err;

	if (record->kind != LIFECYCLE_KSYMBOL || note.start >= note.end || !*record->name)
		return 0;
	if (symbols->notes.count >= NOTES_MAX) {
		symbols->full = true;
		return 0;
	}
	err = intern_text(&symbols->text, record->name, &note.name);
	if (!err)
		err = intern_add(&symbols->notes, &note, sizeof(note), &id);
	return err;
}

/* Over the items that a note covers: whose they are, or that two claim them. */
enum { NOBODY = UINT32_MAX, AMBIGUOUS = UINT32_MAX - 1 };

static void claim(const struct batch *batch, const struct note *note, uint32_t *claims)
{
	for (size_t i = batch_first(batch, note->start);
		i < batch->count && batch->items[i].address < note->end; i++)
		claims[i] = claims[i] == NOBODY || claims[i] == note->name ? note->name : AMBIGUOUS;
}

static int settle(const struct kernel_symbols *symbols, struct batch *batch,
	const uint32_t *claims)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct batch_item *item = &batch->items[i];
		const char *name;
		size_t len;
		int err;

		if (claims[i] == NOBODY)
			continue;
		batch_item_clear(item);
		if (claims[i] == AMBIGUOUS)
			batch_item_dispute(item, NOTE_RANK);
		if (claims[i] == AMBIGUOUS || symbols->full)
			continue;
		name = intern_get(&symbols->text, claims[i], &len);
		err = batch_item_set(item, item->address, NOTE_RANK, name, len);
		if (err)
			return err;
	}
	return 0;
}

static int apply_notes(const struct kernel_symbols *symbols, struct batch *batch)
{
	uint32_t *claims;
	int err;

	if (!batch->count || !symbols->notes.count)
		return 0;
	claims = malloc(batch->count * sizeof(*claims));
	if (!claims)
		return -ENOMEM;
	for (size_t i = 0; i < batch->count; i++)
		claims[i] = NOBODY;
	for (uint32_t i = 0; i < symbols->notes.count; i++)
		claim(batch, intern_get(&symbols->notes, i, NULL), claims);
	err = settle(symbols, batch, claims);
	free(claims);
	return err;
}

int kernel_symbols_resolve(const struct kernel_symbols *symbols, FILE *kallsyms,
	struct batch *batch)
{
	int err = kallsyms ? kallsyms_resolve(kallsyms, batch) : 0, noted;

	if (err == -ENOMEM || !symbols)
		return err;
	noted = apply_notes(symbols, batch);
	return noted ? noted : err;
}
