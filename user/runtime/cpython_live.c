// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/cpython_live.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/code_record.h"
#include "runtime/cpython_code.h"
#include "runtime/cpython_steps.h"

#define THREADS_MAX 4096

struct walk {
	struct step_memory memory;
	const struct cpython_where *where;
	struct cpython_live *out;
};

static uint32_t line_of(const struct walk *walk, const struct cpython_code *code, uint32_t at)
{
	const struct cpython_lines lines = {
		walk->where->lines, code->lines, code->lines_size, code->first_line};

	return at == ABI_RUNTIME_AT_UNKNOWN ? code->first_line : cpython_lines_find(&lines, at);
}

static int name(struct walk *walk, const struct cpython_code_head *head, uint32_t at, struct cpython_live_name *out)
{
	struct code_record record = {0};
	struct cpython_code code = {.function = "", .file = ""};

	if (!code_record_read(&record, &walk->memory.target, &walk->where->abi, head) &&
		!cpython_code_parse(&code, &record.head, code_record_size(&record)))
		out->line = line_of(walk, &code, at);
	out->internal = code.internal;
	out->function = strdup(code.function);
	out->file = strdup(code.file);
	return out->function && out->file ? 0 : -ENOMEM;
}

static int keep(struct walk *walk, const struct abi_runtime_frame *frame, const struct cpython_code_head *head)
{
	struct cpython_live *out = walk->out;
	struct abi_runtime_frame *last = out->n ? &out->frames[out->n - 1] : NULL;

	if (frame->code == RUNTIME_GROUP_END && last && !(last->code & RUNTIME_GROUP_END)) {
		last->code |= RUNTIME_GROUP_END;
		return 0;
	}
	if (out->n == ABI_RUNTIME_FRAMES)
		return -E2BIG;
	out->frames[out->n++] = *frame;
	return frame->code & RUNTIME_ADDRESS ? name(walk, head, frame->at, &out->names[out->n - 1]) : 0;
}

static int walk_thread(struct walk *walk, uint64_t thread)
{
	const struct abi_cpython *build = &walk->where->abi;
	struct cpython_code_head head;
	struct abi_runtime_frame frame;
	__u64 at;
	int err;

	/* As the kernel side: a thread state's frames are groups of their own. */
	if (walk->out->n)
		walk->out->frames[walk->out->n - 1].code |= RUNTIME_GROUP_END;
	err = cpython_first_frame(thread, build, &walk->memory, &at) ? -EFAULT : 0;

	for (unsigned i = 0; i < 2 * ABI_RUNTIME_FRAMES && at && !err; i++) {
		err = cpython_step(&at, build, &walk->memory, &frame, &head) ? -EFAULT : 0;
		if (!err && frame.code)
			err = keep(walk, &frame, &head);
	}
	return err;
}

static int find_thread(struct walk *walk, struct cpython_search *search)
{
	const struct abi_cpython *build = &walk->where->abi;
	int stop = STEP_OK;

	*search = (struct cpython_search){.id = walk->where->thread};
	if (mem_word(&walk->memory, walk->where->bias + build->interpreters, &search->interp))
		return COUNTER_runtime_unreadable;
	for (unsigned i = 0; i < THREADS_MAX && stop == STEP_OK; i++)
		stop = cpython_search_step(search, build, &walk->memory);
	if (stop != STEP_END)
		return COUNTER_runtime_unreadable;
	return search->n ? 0 : COUNTER_runtime_not_ready;
}

int cpython_live_walk(struct cpython_live *out, const struct cpython_where *where, uint32_t pid,
	struct memory_pieces *pieces)
{
	struct cpython_live live = {0};
	struct walk walk = {{.target = {.pid = pid, .pieces = pieces}}, where, &live};
	struct cpython_search search;
	int err = 0;

	live.frames = calloc(ABI_RUNTIME_FRAMES, sizeof(*live.frames));
	live.names = calloc(ABI_RUNTIME_FRAMES, sizeof(*live.names));
	if (!live.frames || !live.names)
		err = -ENOMEM;
	else
		live.cut = (uint8_t)find_thread(&walk, &search);
	for (uint32_t i = 0; !err && !live.cut && i < search.n; i++)
		err = walk_thread(&walk, search.found[i]);
	if (err == -ENOMEM) {
		cpython_live_release(&live);
		return err;
	}
	if (err)
		live.cut = err == -E2BIG ? COUNTER_depth_limit : COUNTER_runtime_unreadable;
	*out = live;
	return 0;
}

void cpython_live_release(struct cpython_live *live)
{
	for (uint32_t i = 0; live->names && i < live->n; i++) {
		free(live->names[i].function);
		free(live->names[i].file);
	}
	free(live->names);
	free(live->frames);
	*live = (struct cpython_live){0};
}
