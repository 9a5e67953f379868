// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/parser_names.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "parser/parser_answer.h"

#define RANK 1 /* of what the child named: it has looked at all sources */

struct taking {
	struct parser_answer answer;
	bool names_only; /* the items' lines are borrowed */
	uint64_t counters[COUNTERS];
};

static int take(void *context, const struct parser_message *head, const void *body, size_t size)
{
	struct taking *taking = context;

	switch (head->type) {
	case PARSER_LINES:
		return taking->names_only ? -EPROTO : parser_answer_take(&taking->answer, body, size);
	case PARSER_NAMES:
		return parser_answer_take_names(&taking->answer, body, size);
	case PARSER_COUNTS:
		if (size != sizeof(taking->counters))
			return -EPROTO;
		memcpy(taking->counters, body, size);
		return 0;
	default:
		return -EPROTO;
	}
}

static void move_name(struct parser_answer_name *name, struct batch_item *item)
{
	if (!name->told)
		return;
	batch_item_clear(item);
	item->name = name->name;
	item->type = name->type;
	item->renamed = name->renamed;
	item->rank = RANK;
	name->name = NULL;
}

static void move(struct parser_answer *answer, struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		move_name(&answer->names[i], &batch->items[i]);
	parser_answer_move_lines(answer, batch);
}

static int ask(struct parser_worker *worker, const struct parser_job_request *request, struct batch *batch,
	struct taking *taking)
{
	int err = parser_answer_init(&taking->answer, batch->count);

	if (err)
		return err;
	err = parser_worker_ask(worker, request, take, taking);
	if (err != -EPIPE)
		move(&taking->answer, batch);
	parser_answer_release(&taking->answer);
	return err;
}

int parser_names_go(struct parser_worker *worker, int fd, struct batch *batch)
{
	const struct parser_job_request request = {.job = PARSER_JOB_GO, .fds = {fd}, .n_fds = 1, .batch = batch};
	struct taking taking = {0};

	return batch->count ? ask(worker, &request, batch, &taking) : -ENODATA;
}

static int add_unnamed(const struct batch *batch, struct batch *rest)
{
	int err = 0;

	for (size_t i = 0; i < batch->count && !err; i++) {
		const struct batch_item *item = &batch->items[i];

		if (item->name || batch_item_is_disputed(item))
			continue;
		err = batch_add(rest, item->address, (uint32_t)i);
		if (!err)
			rest->items[rest->count - 1].lines = item->lines; /* borrowed: for the hints */
	}
	return err;
}

static void take_back(struct batch *batch, struct batch *rest)
{
	for (size_t i = 0; i < rest->count; i++) {
		struct batch_item *from = &rest->items[i], *to = &batch->items[from->frame];

		from->lines = (struct code_lines){0};
		if (!from->name)
			continue;
		to->name = from->name;
		to->type = from->type;
		to->rank = from->rank;
		to->renamed = from->renamed;
		from->name = NULL;
	}
}

int parser_names_symbols(struct parser_worker *worker, int fd, int debug_fd, struct batch *batch)
{
	struct parser_job_request request = {.job = PARSER_JOB_SYMBOLS, .fds = {fd, debug_fd}, .n_fds = debug_fd < 0 ? 1 : 2,
		.hints = true};
	struct taking taking = {.names_only = true};
	struct batch rest = {0};
	int err = add_unnamed(batch, &rest);

	request.batch = &rest;
	batch_sort(&rest);
	if (!err && rest.count)
		err = ask(worker, &request, &rest, &taking);
	take_back(batch, &rest);
	batch_release(&rest);
	return err;
}

static void add_counters(const struct taking *taking, uint64_t counters[COUNTERS])
{
	static const enum abi_counter told[] = {COUNTER_jit_map_refused, COUNTER_jit_map_lines_refused,
		COUNTER_jit_map_overlaps, COUNTER_jitdump_other_clock};

	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++)
		counters[told[i]] += taking->counters[told[i]] & UINT32_MAX;
}

int parser_names_jit(struct parser_worker *worker, const struct jit_files *files, struct batch *batch,
	const struct jit_span *spans, uint64_t counters[COUNTERS])
{
	struct parser_job_request request = {.job = PARSER_JOB_JIT, .batch = batch, .spans = spans};
	struct taking taking = {0};
	int err = 0;

	if (files->dump_fd >= 0)
		request.fds[request.n_fds++] = files->dump_fd;
	if (files->map_fd >= 0)
		request.fds[request.n_fds++] = files->map_fd;
	request.flags = (files->dump_fd >= 0 ? PARSER_DUMP : 0) | (files->map_fd >= 0 ? PARSER_MAP : 0) |
		(files->other_clock ? PARSER_OTHER_CLOCK : 0);
	if (request.n_fds && batch->count)
		err = ask(worker, &request, batch, &taking);
	add_counters(&taking, counters);
	jit_dispute_before(files->since_ns, batch, spans);
	return err;
}

static int go(void *context, int fd, struct batch *batch)
{
	return parser_names_go(context, fd, batch);
}

static int lines(void *context, const struct dwarf_files *files, struct batch *batch)
{
	return parser_worker_lines(context, files, batch);
}

static int symbols(void *context, int fd, int debug_fd, struct batch *batch)
{
	return parser_names_symbols(context, fd, debug_fd, batch);
}

static int jit(void *context, const struct jit_files *files, struct batch *batch, const struct jit_span *spans,
	uint64_t counters[COUNTERS])
{
	return parser_names_jit(context, files, batch, spans, counters);
}

struct namer parser_names_namer(struct parser_worker *worker)
{
	return (struct namer){go, lines, symbols, jit, worker};
}
