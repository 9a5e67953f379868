// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbolize/jitdump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cursor.h"
#include "symbolize/jit_lines.h"

#define WINDOW 65536u
#define AHEAD 4096u /* read where the last read was not followed by what comes now */

#define MAGIC 0x4a695444u
#define VERSION 1u
#define HEADER 40u
#define RECORD 16u
#define LOAD 40u /* after the record's header, without the name */
#define MOVE 48u
#define FLAG_ARCH_TIMESTAMP 1u
#define FIRST_ENTRY 16u /* some function's first line starts within so many bytes */

enum record_id { CODE_LOAD, CODE_MOVE, CODE_DEBUG_INFO, CODE_CLOSE };

struct record {
	uint32_t id, size; /* size: of the payload */
	uint64_t time_ns, at; /* of the payload */
};

/* Functions that moved to an address that was asked for: the second pass notes their names as they come. */
struct moved {
	uint64_t index;
	struct jit_debug debug;
	uint64_t start, size;
	char *name; /* owned; NULL: not seen yet */
};

struct jitdump {
	int fd;
	struct batch *batch;
	struct jit_history *histories; /* one an item */
	struct jitdump_told *told;
	struct moved *moved; /* sorted by index in the second pass */
	uint32_t n_moved, cap_moved;
	bool second;
	struct jit_debug debug; /* of the function that is loaded next */
	uint64_t first_entry;   /* least offset of a first line in its function */
	uint32_t visits;
	uint64_t bytes, window_at;
	uint64_t last_ns; /* of the last record */
	bool cut;         /* it is not the last of the file */
	uint32_t window_len;
	uint8_t *window;
};

static int fill_window(struct jitdump *dump, uint64_t at, size_t size)
{
	bool follows = at >= dump->window_at && at <= dump->window_at + dump->window_len;
	size_t want = follows ? WINDOW : size > AHEAD ? size : AHEAD;
	size_t len = 0;

	while (len < want) {
		ssize_t n = pread(dump->fd, dump->window + len, want - len, (off_t)(at + len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -EIO;
		if (!n)
			break;
		len += (size_t)n;
	}
	dump->window_at = at;
	dump->window_len = (uint32_t)len;
	dump->bytes += len;
	return dump->bytes > JITDUMP_BYTES_MAX ? -E2BIG : 0;
}

/* Up to `size` (at most WINDOW) bytes at `at`; the cursor ends with the file. 0, -EIO, -E2BIG. */
static int look(struct jitdump *dump, uint64_t at, size_t size, struct cursor *out)
{
	int err;

	if (at < dump->window_at || at + size > dump->window_at + dump->window_len) {
		err = fill_window(dump, at, size);
		if (err)
			return err;
	}
	at -= dump->window_at;
	if (size > dump->window_len - at)
		size = dump->window_len - at;
	*out = cursor_over(dump->window + at, size);
	return 0;
}

static bool sane_code(uint64_t start, uint64_t size)
{
	return size <= JITDUMP_CODE_MAX && start + size >= start;
}

/* To every item inside. */
static int tell(struct jitdump *dump, uint64_t end, const struct jit_code *code)
{
	const struct batch *batch = dump->batch;

	for (size_t i = batch_first(batch, code->start); i < batch->count; i++) {
		int err;

		if (batch->items[i].address >= end)
			break;
		if (dump->visits++ == BATCH_VISITS_MAX)
			return -E2BIG;
		err = jit_history_add(&dump->histories[i], code);
		if (err)
			return err;
	}
	return 0;
}

static bool wanted(const struct jitdump *dump, uint64_t start, uint64_t size)
{
	size_t i = batch_first(dump->batch, start);

	return i < dump->batch->count && dump->batch->items[i].address < start + size;
}

static int by_index(const void *left, const void *right)
{
	const struct moved *a = left, *b = right;

	return (a->index > b->index) - (a->index < b->index);
}

static struct moved *find_moved(const struct jitdump *dump, uint64_t index)
{
	const struct moved key = {.index = index};

	if (!dump->second)
		return NULL;
	return bsearch(&key, dump->moved, dump->n_moved, sizeof(key), by_index);
}

static int note_name(struct moved *moved, const struct jit_code *code, uint64_t size)
{
	char *name = strndup(code->name, code->name_len);

	if (!name)
		return -ENOMEM;
	free(moved->name);
	moved->name = name;
	moved->debug = code->debug;
	moved->start = code->start;
	moved->size = size;
	return 0;
}

static uint64_t time_of(const struct jitdump *dump, const struct record *record)
{
	return dump->told->other_clock ? 0 : record->time_ns;
}

/* Something is there now, and nobody can say what. */
static int tell_unknown(struct jitdump *dump, struct jit_code *code, uint64_t size)
{
	code->name = NULL;
	code->unknown = true;
	return tell(dump, code->start + size, code);
}

/* 0, -EINVAL: it is refused, -EIO, -E2BIG, -ENOMEM; so below. */
static int on_load(struct jitdump *dump, const struct record *record)
{
	struct jit_code code = {.time_ns = time_of(dump, record)};
	struct jit_debug debug = dump->debug;
	struct moved *moved;
	struct cursor cursor;
	uint64_t size;
	int err;

	dump->debug.size = 0;
	err = look(dump, record->at, LOAD, &cursor);
	if (err)
		return err;
	cursor_take(&cursor, 16); /* pid, tid, vma */
	code.start = cursor_unsigned(&cursor, 8);
	size = cursor_unsigned(&cursor, 8);
	code.index = cursor_unsigned(&cursor, 8);
	if (record->size < LOAD || cursor.bad || !sane_code(code.start, size))
		return -EINVAL;
	moved = find_moved(dump, code.index);
	if (!moved && !wanted(dump, code.start, size))
		return 0;
	err = look(dump, record->at + LOAD,
		record->size - LOAD < JITDUMP_NAME_MAX ? record->size - LOAD : JITDUMP_NAME_MAX, &cursor);
	if (err)
		return err;
	code.name = (const char *)cursor.at;
	code.name_len = strnlen(code.name, cursor_left(&cursor));
	if (!code.name_len || code.name_len == cursor_left(&cursor))
		return tell_unknown(dump, &code, size) ?: -EINVAL;
	if (code.name_len > JITDUMP_NAME_KEPT)
		code.name_len = JITDUMP_NAME_KEPT;
	if (debug.size && debug.code == code.start)
		code.debug = debug;
	code.debug.code_size = size;
	if (moved)
		err = note_name(moved, &code, size);
	return err ? err : tell(dump, code.start + size, &code);
}

static int want_name(struct jitdump *dump, uint64_t index)
{
	uint32_t cap = dump->cap_moved ? dump->cap_moved * 2 : 64;
	struct moved *moved;

	if (dump->n_moved == JITDUMP_MOVES_MAX)
		return -EINVAL;
	if (dump->n_moved == dump->cap_moved) {
		moved = reallocarray(dump->moved, cap, sizeof(*moved));
		if (!moved)
			return -ENOMEM;
		dump->moved = moved;
		dump->cap_moved = cap;
	}
	dump->moved[dump->n_moved++] = (struct moved){.index = index};
	return 0;
}

/* First what it leaves, then where it comes to: the ranges may overlap. */
static int move(struct jitdump *dump, const struct moved *moved, struct jit_code *code,
	uint64_t from, uint64_t size)
{
	const struct jit_code gone = {.time_ns = code->time_ns, .index = code->index, .start = from};
	struct jit_code tail = gone;
	int err = 0;

	if (from < code->start)
		err = tell(dump, from + size < code->start ? from + size : code->start, &gone);
	tail.start = from > code->start + size ? from : code->start + size;
	if (!err && tail.start < from + size)
		err = tell(dump, from + size, &tail);
	if (err)
		return err;
	if (!moved || !moved->name)
		return tell_unknown(dump, code, size);
	if (size > moved->size)
		return tell_unknown(dump, code, size) ?: -EINVAL;
	code->name = moved->name;
	code->name_len = strlen(moved->name);
	code->debug = moved->debug;
	return tell(dump, code->start + size, code);
}

static int on_move(struct jitdump *dump, const struct record *record)
{
	struct jit_code code = {.time_ns = time_of(dump, record)};
	struct cursor cursor;
	const struct moved *moved;
	uint64_t from, size;
	int err = look(dump, record->at, MOVE, &cursor);

	if (err)
		return err;
	cursor_take(&cursor, 16); /* pid, tid, vma */
	from = cursor_unsigned(&cursor, 8);
	code.start = cursor_unsigned(&cursor, 8);
	size = cursor_unsigned(&cursor, 8);
	code.index = cursor_unsigned(&cursor, 8);
	if (record->size < MOVE || cursor.bad || !sane_code(code.start, size) ||
		!sane_code(from, size))
		return -EINVAL;
	if (!dump->second)
		return wanted(dump, code.start, size) ? want_name(dump, code.index) :
							move(dump, NULL, &code, from, size);
	moved = find_moved(dump, code.index);
	return move(dump, moved, &code, from, size);
}

static int on_debug_info(struct jitdump *dump, const struct record *record)
{
	struct cursor cursor;
	uint64_t code, count, first;
	int err = look(dump, record->at, JIT_LINES_HEADER + 8, &cursor);

	if (err)
		return err;
	code = cursor_unsigned(&cursor, 8);
	count = cursor_unsigned(&cursor, 8);
	if (record->size < JIT_LINES_HEADER || (count && record->size < JIT_LINES_HEADER + 8))
		return -EINVAL;
	if (!count)
		return 0;
	first = cursor_unsigned(&cursor, 8) - code;
	if (cursor.bad)
		return -EINVAL;
	if (first < dump->first_entry)
		dump->first_entry = first;
	dump->debug = (struct jit_debug){.at = record->at, .size = record->size, .code = code};
	return 0;
}

static int on_record(struct jitdump *dump, const struct record *record)
{
	switch (record->id) {
	case CODE_LOAD:
		return on_load(dump, record);
	case CODE_MOVE:
		return on_move(dump, record);
	case CODE_DEBUG_INFO:
		return on_debug_info(dump, record);
	default: /* of later revisions */
		return 0;
	}
}

/* The next record; its size goes to at least its own header. 0, 1 at the end, -EINVAL, -EIO, -E2BIG. */
static int next_record(struct jitdump *dump, uint64_t at, struct record *record)
{
	struct cursor cursor;
	int err = look(dump, at, RECORD, &cursor);

	if (err)
		return err;
	if (cursor_left(&cursor) < RECORD)
		return 1; /* what is being written now, too */
	record->id = (uint32_t)cursor_unsigned(&cursor, 4);
	record->size = (uint32_t)cursor_unsigned(&cursor, 4);
	record->time_ns = cursor_unsigned(&cursor, 8);
	record->at = at + RECORD;
	if (record->size < RECORD)
		return -EINVAL;
	record->size -= RECORD;
	return record->id == CODE_CLOSE;
}

/* 0; -EIO; -ENOMEM. What is past a cap, or follows a record without a sane size, is refused. */
static int scan(struct jitdump *dump, uint64_t at)
{
	struct record record;
	int err = 0;

	for (uint32_t n = 0; n < JITDUMP_RECORDS_MAX && !err; n++) {
		err = next_record(dump, at, &record);
		if (err)
			break;
		dump->last_ns = time_of(dump, &record);
		err = on_record(dump, &record);
		if (err == -EINVAL) {
			dump->told->refused++;
			err = 0;
		}
		at = record.at + record.size;
	}
	if (err == 1)
		return 0;
	if (err && err != -EINVAL && err != -E2BIG)
		return err;
	dump->told->refused++;
	dump->cut = true;
	return 0;
}

/* Where the first record is. 0 and *start, -ENOEXEC, -EIO. */
static int read_header(struct jitdump *dump, uint64_t *start)
{
	uint32_t magic, version, size;
	struct cursor cursor;
	int err = look(dump, 0, HEADER, &cursor);

	if (err)
		return err;
	magic = (uint32_t)cursor_unsigned(&cursor, 4);
	version = (uint32_t)cursor_unsigned(&cursor, 4);
	size = (uint32_t)cursor_unsigned(&cursor, 4);
	cursor_take(&cursor, 20); /* machine, padding, pid, time */
	dump->told->other_clock |= (cursor_unsigned(&cursor, 8) & FLAG_ARCH_TIMESTAMP) != 0;
	if (cursor.bad || magic != MAGIC || version > VERSION || size < HEADER)
		return -ENOEXEC;
	*start = size;
	return 0;
}

static void forget(struct jitdump *dump)
{
	for (size_t i = 0; i < dump->batch->count; i++) {
		struct jit_span span = dump->histories[i].span;

		jit_history_release(&dump->histories[i]);
		jit_history_init(&dump->histories[i], span);
	}
	dump->told->refused = 0;
	dump->debug.size = 0;
	dump->bytes = dump->visits = 0;
	dump->cut = false;
}

/* The functions that moved are known now, but not their names, which came before. */
static int scan_again(struct jitdump *dump, uint64_t start)
{
	uint32_t kept = 0;

	qsort(dump->moved, dump->n_moved, sizeof(*dump->moved), by_index);
	for (uint32_t i = 0; i < dump->n_moved; i++)
		if (!i || dump->moved[i].index != dump->moved[kept - 1].index)
			dump->moved[kept++] = dump->moved[i];
	dump->n_moved = kept;
	dump->second = true;
	forget(dump);
	return scan(dump, start);
}

static int set_item(const struct jitdump *dump, struct batch_item *item,
	const struct jit_code *code, struct jit_lines_spent *spent)
{
	uint64_t shift = dump->first_entry - JIT_LINES_SHIFT < FIRST_ENTRY ? JIT_LINES_SHIFT : 0;
	int err = batch_item_set(item, code->start, JITDUMP_RANK, code->name, code->name_len);

	if (err || !code->debug.size)
		return err;
	err = jit_lines_find(dump->fd, &code->debug, code->debug.code + (item->address - code->start),
		shift, spent, &item->lines);
	if (err == -EINVAL || err == -E2BIG)
		dump->told->refused++;
	return err == -ENOMEM ? err : 0;
}

/* Might a record that was not read be about it? */
static bool is_past(const struct jitdump *dump, const struct jit_history *history)
{
	return dump->cut && (dump->told->other_clock || history->span.last_ns > dump->last_ns);
}

static enum jit_answer answer(const struct jitdump *dump, size_t item, struct jit_code *code)
{
	const struct jit_history *history = &dump->histories[item];

	return is_past(dump, history) ? JIT_MIXED : jit_history_answer(history, code);
}

static int set_items(const struct jitdump *dump)
{
	struct jit_lines_spent spent = {0};
	int err = 0;

	for (size_t i = 0; i < dump->batch->count && !err; i++) {
		struct batch_item *item = &dump->batch->items[i];
		struct jit_code code;

		switch (answer(dump, i, &code)) {
		case JIT_ONE:
			err = set_item(dump, item, &code, &spent);
			break;
		case JIT_MIXED:
			batch_item_dispute(item, JITDUMP_RANK);
			break;
		case JIT_NOTHING:
			break;
		}
	}
	return err;
}

static int resolve(struct jitdump *dump)
{
	uint64_t start;
	int err = read_header(dump, &start);

	if (err)
		return err;
	err = scan(dump, start);
	if (!err && dump->n_moved)
		err = scan_again(dump, start);
	return err == -ENOMEM ? err : set_items(dump) ?: err;
}

static void release(struct jitdump *dump)
{
	for (size_t i = 0; dump->histories && i < dump->batch->count; i++)
		jit_history_release(&dump->histories[i]);
	for (uint32_t i = 0; i < dump->n_moved; i++)
		free(dump->moved[i].name);
	free(dump->histories);
	free(dump->moved);
	free(dump->window);
}

int jitdump_resolve(int fd, bool other_clock, struct batch *batch, const struct jit_span *spans,
	struct jitdump_told *told)
{
	struct jitdump dump = {.fd = fd, .batch = batch, .told = told, .first_entry = UINT64_MAX};
	int err = -ENOMEM;

	*told = (struct jitdump_told){.other_clock = other_clock};
	if (!batch->count)
		return 0;
	dump.window = malloc(WINDOW);
	dump.histories = calloc(batch->count, sizeof(*dump.histories));
	if (!dump.window || !dump.histories)
		goto release_dump;
	for (size_t i = 0; i < batch->count; i++)
		jit_history_init(&dump.histories[i], spans[i]);
	err = resolve(&dump);
release_dump:
	release(&dump);
	return err;
}
