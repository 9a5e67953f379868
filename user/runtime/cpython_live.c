// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/cpython_live.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "runtime/cpython_code.h"
#include "step.h"

#define THREADS_MAX 4096

struct step_memory {
	uint32_t pid; /* 0: pieces are all there is */
	struct memory_pieces *pieces;
	uint8_t block[ABI_CODE_BLOCK];
};

static int read_memory(struct step_memory *memory, uint64_t address, void *to, size_t size)
{
	struct iovec local = {to, size}, remote = {(void *)(uintptr_t)address, size};

	if (!memory->pid)
		return memory_pieces_read(memory->pieces, address, to, size);
	if (process_vm_readv((pid_t)memory->pid, &local, 1, &remote, 1, 0) != (ssize_t)size)
		return -1;
	memory_pieces_add(memory->pieces, address, to, size);
	return 0;
}

static int mem_word(struct step_memory *memory, __u64 address, __u64 *value)
{
	return read_memory(memory, address, value, sizeof(*value));
}

static int mem_read(struct step_memory *memory, __u64 address, __u64 *value)
{
	return mem_word(memory, address, value);
}

static int mem_block(struct step_memory *memory, __u64 address)
{
	return read_memory(memory, address, memory->block, sizeof(memory->block));
}

static __u64 mem_block_word(struct step_memory *memory, __u32 offset)
{
	__u64 word;

	memcpy(&word, memory->block + (offset & (ABI_CODE_BLOCK - 8)), sizeof(word));
	return word;
}

#include "step_cpython.h"

struct walk {
	struct step_memory memory;
	const struct cpython_where *where;
	struct cpython_live *out;
};

struct record {
	struct abi_code head;
	uint8_t bytes[3 * ABI_CODE_TEXT + ABI_CODE_LINES];
	size_t used;
};

/* As the kernel side's add_text() (bpf/code_record.bpf.h). */
static int add_text(struct walk *walk, struct record *record, uint64_t string, struct abi_code_text *out)
{
	const struct abi_cpython *build = &walk->where->abi;
	uint64_t length, size;
	uint32_t state, kind;

	if (!string)
		return 0;
	if (read_memory(&walk->memory, string + build->unicode_state, &state, sizeof(state)) ||
		read_memory(&walk->memory, string + build->unicode_length, &length, sizeof(length)))
		return -EFAULT;
	state >>= build->unicode_kind & 31;
	kind = state & 7;
	if ((kind != 1 && kind != 2 && kind != 4) || !(state & 8) || length > 1 << 30)
		return -EFAULT;
	size = length * kind;
	*out = (struct abi_code_text){.width = (uint8_t)kind, .cut = size > ABI_CODE_TEXT};
	size = size < ABI_CODE_TEXT ? size : ABI_CODE_TEXT;
	if (read_memory(&walk->memory, string + (state & 16 ? build->unicode_ascii : build->unicode_compact),
		    record->bytes + record->used, size))
		return -EFAULT;
	out->size = (uint16_t)size;
	record->used += size;
	return 0;
}

static int add_lines(struct walk *walk, struct record *record, uint64_t bytes)
{
	const struct abi_cpython *build = &walk->where->abi;
	uint64_t size;

	if (!bytes)
		return 0;
	if (read_memory(&walk->memory, bytes + build->bytes_size, &size, sizeof(size)))
		return -EFAULT;
	if (size > ABI_CODE_LINES)
		return 0;
	if (read_memory(&walk->memory, bytes + build->bytes_data, record->bytes + record->used, size))
		return -EFAULT;
	record->head.lines_size = (uint32_t)size;
	record->used += size;
	return 0;
}

static int read_record(struct walk *walk, const struct cpython_code_head *head, struct record *record)
{
	int err;

	memset(&record->head, 0, sizeof(record->head));
	record->used = 0;
	record->head.first_line = head->first_line;
	err = add_text(walk, record, head->file, &record->head.file);
	if (!err)
		err = add_text(walk, record, head->name, &record->head.name);
	if (!err)
		err = add_text(walk, record, head->qualname, &record->head.qualname);
	return err ? err : add_lines(walk, record, head->lines);
}

static uint32_t line_of(const struct walk *walk, const struct cpython_code *code, uint32_t at)
{
	const struct cpython_lines lines = {
		walk->where->lines, code->lines, code->lines_size, code->first_line};

	return at == ABI_RUNTIME_AT_UNKNOWN ? code->first_line : cpython_lines_find(&lines, at);
}

static int name(struct walk *walk, const struct cpython_code_head *head, uint32_t at, struct cpython_live_name *out)
{
	struct record record;
	struct cpython_code code = {.function = "", .file = ""};

	if (!read_record(walk, head, &record) &&
		!cpython_code_parse(&code, &record.head, sizeof(record.head) + record.used))
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
	struct walk walk = {{.pid = pid, .pieces = pieces}, where, &live};
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
