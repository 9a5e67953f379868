// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/parser_serve.h"

#include <errno.h>
#include <stdlib.h>

#include "object/unwind_table.h"
#include "symbolize/file_names.h"
#include "symbolize/file_symbols.h"
#include "symbolize/jit.h"

static int send_lines(struct parser_records *records, const struct batch *batch)
{
	int err = 0;

	for (size_t i = 0; i < batch->count && !err; i++) {
		const struct code_lines *lines = &batch->items[i].lines;

		for (uint32_t n = 0; n < lines->count && !err; n++)
			err = parser_records_line(records, (uint32_t)i, &lines->at[n]);
	}
	return err ? err : parser_records_flush(records);
}

static int send_names(struct parser_records *records, const struct batch *batch)
{
	int err = 0;

	for (size_t i = 0; i < batch->count && !err; i++) {
		const struct batch_item *item = &batch->items[i];

		if (item->name || batch_item_is_disputed(item))
			err = parser_records_name(records, (uint32_t)i, item);
	}
	return err ? err : parser_records_flush(records);
}

static int serve_lines(struct parser_task *task, const struct dwarf_source *source, struct parser_records *records,
	int *sent)
{
	int err = dwarf_reader_lines(source, &task->batch);

	*sent = send_lines(records, &task->batch);
	return err;
}

static int send_all(struct parser_records *records, const struct batch *batch)
{
	int err = send_names(records, batch);

	return err ? err : send_lines(records, batch);
}

static int serve_go(struct parser_task *task, struct parser_records *records, int *sent)
{
	int err = file_names_go(task->fds[0], &task->batch);

	*sent = send_all(records, &task->batch);
	return err;
}

static void take_hints(struct parser_task *task)
{
	for (size_t i = 0; i < task->batch.count; i++) {
		task->batch.items[i].lines = task->hints.lines[i];
		task->hints.lines[i] = (struct code_lines){0};
	}
}

static int serve_symbols(struct parser_task *task, struct parser_records *records, int *sent)
{
	int err;

	take_hints(task);
	err = file_symbols_resolve(task->fds[0], task->n_fds > 1 ? task->fds[1] : -1, &task->batch);
	*sent = send_names(records, &task->batch);
	return err;
}

static int serve_jit(struct parser_task *task, struct parser_records *records, int *sent)
{
	struct jit_files files = {.dump_fd = -1, .map_fd = -1, .other_clock = task->flags & PARSER_OTHER_CLOCK};
	uint64_t counters[COUNTERS] = {0};
	size_t fd = 0;
	int err;

	if (task->flags & PARSER_DUMP)
		files.dump_fd = task->fds[fd++];
	if (task->flags & PARSER_MAP && fd < task->n_fds)
		files.map_fd = task->fds[fd];
	if (!task->spans)
		return -EBADMSG;
	err = jit_resolve(&files, &task->batch, task->spans, counters);
	*sent = send_all(records, &task->batch);
	if (!*sent)
		*sent = parser_records_array(records, PARSER_COUNTS, counters, sizeof(counters));
	return err;
}

static int send_table(struct parser_records *records, const struct unwind_table *table, const struct rules *rules)
{
	const struct parser_table told = {.pages = table->pages, .rules = rules->count, .no_room = table->no_room,
		.overlaps = table->overlaps, .broken = table->broken, .skipped = table->skipped};
	int err = parser_records_array(records, PARSER_TABLE, &told, sizeof(told));

	if (!err)
		err = parser_records_array(records, PARSER_RULES, rules->rule, rules->count * sizeof(*rules->rule));
	if (!err)
		err = parser_records_array(records, PARSER_BASES, table->bases, table->pages * sizeof(*table->bases));
	if (!err)
		err = parser_records_array(records, PARSER_ROWS, table->rows, (size_t)table->pages * ABI_ROWS * sizeof(*table->rows));
	return err;
}

static int serve_table(struct parser_task *task, struct parser_records *records, int *sent)
{
	struct unwind_table table = {0};
	struct rules rules;
	int err = rules_init(&rules, NULL);

	if (err)
		return err;
	err = unwind_table_init(&table, task->fds[0], &rules);
	if (!err)
		*sent = send_table(records, &table, &rules);
	unwind_table_release(&table);
	rules_release(&rules);
	return err;
}

int parser_serve(struct parser_task *task, const struct dwarf_source *source, struct parser_records *records, int *sent)
{
	switch (task->job) {
	case PARSER_JOB_LINES:
		return serve_lines(task, source, records, sent);
	case PARSER_JOB_GO:
		return serve_go(task, records, sent);
	case PARSER_JOB_SYMBOLS:
		return serve_symbols(task, records, sent);
	case PARSER_JOB_JIT:
		return serve_jit(task, records, sent);
	case PARSER_JOB_TABLE:
		return serve_table(task, records, sent);
	case PARSER_JOBS:
		break;
	}
	return -EBADMSG;
}
