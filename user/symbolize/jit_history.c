// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/jit_history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void jit_history_init(struct jit_history *history, struct jit_span span)
{
	if (span.first_ns > span.last_ns)
		span = (struct jit_span){0, UINT64_MAX};
	*history = (struct jit_history){.span = span};
}

void jit_history_release(struct jit_history *history)
{
	free(history->before.name);
	free(history->during.name);
	*history = (struct jit_history){0};
}

static bool same_name(const struct jit_code *a, const struct jit_code *b)
{
	if (!a->name || !b->name)
		return a->name == b->name;
	return a->name_len == b->name_len && !memcmp(a->name, b->name, a->name_len);
}

static bool same_debug(const struct jit_code *a, const struct jit_code *b)
{
	return a->debug.at == b->debug.at && a->debug.size == b->debug.size && a->start == b->start;
}

static int keep(struct jit_record *record, const struct jit_code *code)
{
	char *name = code->name ? strndup(code->name, code->name_len) : NULL;

	if (code->name && !name)
		return -ENOMEM;
	free(record->name);
	*record = (struct jit_record){.code = *code, .name = name, .any = true};
	record->code.name = name;
	record->code.name_len = name ? strlen(name) : 0;
	return 0;
}

/* The end of code that is not there any more: another came before the end was told. */
static bool ends_another(const struct jit_history *history, const struct jit_code *code)
{
	const struct jit_record *last = history->during.any ? &history->during : &history->before;

	return !code->name && last->any && last->code.name && last->code.index != code->index;
}

static int add_before(struct jit_history *history, const struct jit_code *code)
{
	if (history->before.any && code->time_ns < history->before.code.time_ns)
		return 0;
	return keep(&history->before, code);
}

static int add_during(struct jit_history *history, const struct jit_code *code)
{
	struct jit_record *during = &history->during;
	bool other_debug;
	int err;

	if (!during->any)
		return keep(during, code);
	if (!same_name(&during->code, code)) {
		history->mixed = true;
		return 0;
	}
	other_debug = !same_debug(&during->code, code);
	err = keep(during, code);
	if (!err && other_debug)
		during->code.debug.size = 0;
	return err;
}

static int add_unknown(struct jit_history *history, const struct jit_code *code)
{
	if (code->time_ns <= history->span.first_ns)
		return add_before(history, code);
	history->mixed = true;
	return 0;
}

int jit_history_add(struct jit_history *history, const struct jit_code *code)
{
	if (history->mixed || code->time_ns > history->span.last_ns)
		return 0;
	if (code->unknown)
		return add_unknown(history, code);
	if (ends_another(history, code))
		return 0;
	return code->time_ns <= history->span.first_ns ? add_before(history, code) :
							 add_during(history, code);
}

enum jit_answer jit_history_answer(const struct jit_history *history, struct jit_code *code)
{
	const struct jit_record *before = &history->before, *during = &history->during;
	const struct jit_record *one = during->any ? during : before;
	bool known_before = before->any && before->code.name;

	if (history->mixed)
		return JIT_MIXED;
	if (during->any && known_before && !same_name(&before->code, &during->code))
		return JIT_MIXED;
	if (!one->any || !one->code.name)
		return JIT_NOTHING;
	*code = one->code;
	if (during->any && known_before && !same_debug(&before->code, &during->code))
		code->debug.size = 0;
	return JIT_ONE;
}
