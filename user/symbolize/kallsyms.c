// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/kallsyms.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbolize/alias.h"

#define CHUNK 65536u
#define REACH 65536u /* no function is longer; what follows the last one may be anything */
/* Of what the kernel puts together at run time: bpf_trampoline.c and dispatcher.c in kernel/bpf, ftrace, kprobes. */
#define REACH_MADE 4096u

/* What a symbol says about the addresses from its own one on, the stronger last: at one address one counts. */
enum meaning {
	NOTHING,
	BOUNDARY,     /* data, or a marker at which a section starts: no code goes on past it */
	PADDING,      /* __pfx_: the bytes in front of a function (kernel 6.2) */
	LOCAL_CODE,
	GLOBAL_CODE,
	END_OF_TEXT,
};

/* The nearest symbol at or below an address, of those above the address before it. */
struct nearest {
	uint64_t start;
	char *name;
	uint16_t len, cap;
	uint8_t meaning;
	bool made;
};

struct symbol {
	uint64_t address;
	const char *name;
	size_t len;
	char type;
	bool module, made; /* made: by the kernel, at run time; BPF programs are not */
};

struct stream {
	struct batch *batch;
	struct nearest *nearest; /* one an item */
	uint64_t last;           /* greatest address that wants a name */
	bool any, shown;         /* saw a line; saw an address that is not zero */
};

static bool is(const struct symbol *symbol, const char *word)
{
	return symbol->len == strlen(word) && !memcmp(symbol->name, word, symbol->len);
}

static bool ends(const struct symbol *symbol, const char *word)
{
	size_t len = strlen(word);

	return symbol->len >= len && !memcmp(symbol->name + symbol->len - len, word, len);
}

static bool starts(const struct symbol *symbol, const char *word)
{
	size_t len = strlen(word);

	return symbol->len >= len && !memcmp(symbol->name, word, len);
}

static bool is_start_marker(const struct symbol *symbol)
{
	if (is(symbol, "_stext") || is(symbol, "_text") || is(symbol, "_sinittext") ||
		is(symbol, "__pi__text"))
		return true;
	return starts(symbol, "__") && (ends(symbol, "_text_start") || ends(symbol, "_text_end"));
}

static enum meaning meaning_of(const struct symbol *symbol)
{
	bool global = symbol->type == 'T' || symbol->type == 'W';

	if (symbol->len && (symbol->name[0] == '$' || starts(symbol, ".L")))
		return NOTHING;
	if (!global && symbol->type != 't' && symbol->type != 'w')
		return BOUNDARY;
	if (symbol->module)
		return global ? GLOBAL_CODE : LOCAL_CODE;
	if (is(symbol, "_etext") || is(symbol, "_einittext"))
		return END_OF_TEXT;
	if (is_start_marker(symbol))
		return BOUNDARY;
	if (starts(symbol, "__pfx_"))
		return PADDING;
	return global ? GLOBAL_CODE : LOCAL_CODE;
}

static int take(struct nearest *nearest, const struct symbol *symbol, enum meaning meaning)
{
	if (symbol->len > nearest->cap) {
		size_t cap = symbol->len < 64 ? 64 : symbol->len;
		char *name = realloc(nearest->name, cap);

		if (!name)
			return -ENOMEM;
		nearest->name = name;
		nearest->cap = (uint16_t)cap;
	}
	memcpy(nearest->name, symbol->name, symbol->len);
	nearest->len = (uint16_t)symbol->len;
	nearest->start = symbol->address;
	nearest->meaning = (uint8_t)meaning;
	nearest->made = symbol->made;
	return 0;
}

static int offer(struct stream *stream, const struct symbol *symbol)
{
	struct nearest *nearest;
	enum meaning meaning;

	stream->any = true;
	stream->shown |= symbol->address != 0;
	if (symbol->address > stream->last)
		return 0;
	nearest = &stream->nearest[batch_first(stream->batch, symbol->address)];
	if (nearest->meaning && symbol->address < nearest->start)
		return 0;
	meaning = meaning_of(symbol);
	if (meaning == NOTHING)
		return 0;
	if (nearest->meaning && symbol->address == nearest->start) {
		if (meaning < nearest->meaning)
			return 0;
		if (meaning == nearest->meaning &&
			alias_compare(symbol->name, symbol->len, nearest->name, nearest->len) >= 0)
			return 0;
	}
	return take(nearest, symbol, meaning);
}

static const int8_t hex_digits[256] = {
	['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8,
	['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15,
	['f'] = 16,
};

static bool is_made(const struct symbol *symbol, const char *owner, size_t len)
{
	static const char built_in[] = "[__builtin__"; /* ftrace, kprobes: include/linux/module.h */

	if (len >= sizeof(built_in) - 1 && !memcmp(owner, built_in, sizeof(built_in) - 1))
		return true;
	return starts(symbol, "bpf_trampoline_") || starts(symbol, "bpf_dispatcher_");
}

/* `line` is without its newline. */
static bool parse(const char *line, size_t len, struct symbol *symbol)
{
	uint64_t address = 0;
	const char *tab;
	size_t i = 0;

	for (; i < len && hex_digits[(uint8_t)line[i]]; i++)
		address = address << 4 | (uint64_t)(hex_digits[(uint8_t)line[i]] - 1);
	if (!i || i > 16 || len - i < 4 || line[i] != ' ' || line[i + 2] != ' ')
		return false;
	symbol->address = address;
	symbol->type = line[i + 1];
	symbol->name = line + i + 3;
	symbol->len = len - i - 3;
	tab = memchr(symbol->name, '\t', symbol->len);
	symbol->module = tab != NULL;
	if (tab)
		symbol->len = (size_t)(tab - symbol->name);
	symbol->made = tab && is_made(symbol, tab + 1, (size_t)(line + len - tab - 1));
	return symbol->len && symbol->len <= UINT16_MAX;
}

/* Whole lines of a chunk; *used is what they took. */
static int offer_lines(struct stream *stream, const char *data, size_t len, size_t *used)
{
	const char *at = data, *end = data + len, *newline;

	while (at < end && (newline = memchr(at, '\n', (size_t)(end - at)))) {
		struct symbol symbol;
		int err;

		if (parse(at, (size_t)(newline - at), &symbol)) {
			err = offer(stream, &symbol);
			if (err)
				return err;
		}
		at = newline + 1;
	}
	*used = (size_t)(at - data);
	return 0;
}

/* The kernel's lines are under 1 KiB (KSYM_NAME_LEN is 512); a chunk without a newline is dropped. */
static int read_lines(struct stream *stream, FILE *kallsyms)
{
	char *chunk = malloc(CHUNK);
	size_t held = 0, n, used;
	int err = chunk ? 0 : -ENOMEM;

	while (!err && (n = fread(chunk + held, 1, CHUNK - held, kallsyms)) > 0) {
		held += n;
		err = offer_lines(stream, chunk, held, &used);
		if (err)
			break;
		if (!used && held == CHUNK)
			used = held;
		memmove(chunk, chunk + used, held - used);
		held -= used;
	}
	free(chunk);
	return !err && ferror(kallsyms) ? -EIO : err;
}

static bool covers(const struct nearest *nearest, uint64_t address)
{
	if (nearest->meaning < PADDING || nearest->meaning == END_OF_TEXT)
		return false;
	return address - nearest->start < (nearest->made ? REACH_MADE : REACH);
}

static int set_names(struct stream *stream)
{
	const struct nearest *nearest = NULL;

	for (size_t i = 0; i < stream->batch->count; i++) {
		struct batch_item *item = &stream->batch->items[i];
		int err;

		if (stream->nearest[i].meaning)
			nearest = &stream->nearest[i];
		if (!nearest || !covers(nearest, item->address) || item->rank >= KALLSYMS_RANK)
			continue;
		err = batch_item_set(item, nearest->start, KALLSYMS_RANK, nearest->name,
			nearest->len);
		if (err)
			return err;
	}
	return 0;
}

int kallsyms_resolve(FILE *kallsyms, struct batch *batch)
{
	struct stream stream = {.batch = batch};
	int err;

	if (!batch->count)
		return 0;
	stream.last = batch->items[batch->count - 1].address;
	stream.nearest = calloc(batch->count, sizeof(*stream.nearest));
	if (!stream.nearest)
		return -ENOMEM;
	err = read_lines(&stream, kallsyms);
	if (!err && stream.any && !stream.shown)
		err = -EPERM;
	if (!err)
		err = set_names(&stream);
	for (size_t i = 0; i < batch->count; i++)
		free(stream.nearest[i].name);
	free(stream.nearest);
	return err;
}
