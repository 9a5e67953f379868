// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/unwinding.h"

#include <errno.h>

#include "parser/parser_table.h"

/* Whoever drains waits for it: the largest browser takes 300 ms. So many failures without a success end it for this recording. */
#define PARSER_MS 1000
#define PARSER_FAILURES 8

static int build(void *context, struct unwind_table *table, int fd, struct rules *rules)
{
	return parser_table_build(context, table, fd, rules);
}

int unwinding_init(struct unwinding *unwinding, const struct programs *programs)
{
	struct tables_memory memory = {.rules = programs->rules,
		.arena = &unwinding->arena,
		.heap_bytes = programs->plan.heap_bytes};

	*unwinding = (struct unwinding){0};
	unwinding->parser = parser_worker_new(
		&(struct parser_worker_options){.deadline_ms = PARSER_MS, .failures = PARSER_FAILURES});
	if (!unwinding->parser)
		return -ENOMEM;
	memory.builder = (struct tables_builder){build, unwinding->parser};
	if (arena_init(&unwinding->arena, programs->arena, programs->settings.arena_words))
		return -ENOMEM;
	unwinding->chunks = row_chunks_new(programs_chunks_fd(programs), programs->plan.chunks);
	if (!unwinding->chunks)
		return -ENOMEM;
	memory.backing = row_chunks_backing(unwinding->chunks);
	unwinding->tables = tables_new(&memory);
	if (unwinding->tables)
		unwinding->spaces =
			spaces_new(programs->spaces, &unwinding->arena, unwinding->tables);
	return unwinding->spaces ? 0 : -ENOMEM;
}

void unwinding_release(struct unwinding *unwinding)
{
	spaces_free(unwinding->spaces);
	tables_free(unwinding->tables);
	row_chunks_free(unwinding->chunks);
	arena_release(&unwinding->arena);
	parser_worker_free(unwinding->parser);
	*unwinding = (struct unwinding){0};
}

void unwinding_epoch(struct unwinding *unwinding)
{
	tables_epoch(unwinding->tables);
	parser_worker_rest(unwinding->parser);
	spaces_publish(unwinding->spaces);
	spaces_epoch(unwinding->spaces);
}

void unwinding_count(const struct unwinding *unwinding, uint64_t *counters)
{
	struct tables_figures tables = tables_figures(unwinding->tables);

	counters[COUNTER_table_evicted] += tables.evicted;
	counters[COUNTER_table_failed] += tables.failed;
	counters[COUNTER_table_no_room] += row_chunks_failed(unwinding->chunks) + spaces_figures(unwinding->spaces).no_room;
}

uint32_t unwinding_on_heap(const struct unwinding *unwinding)
{
	return tables_figures(unwinding->tables).on_heap;
}

uint64_t unwinding_parser_ns(const struct unwinding *unwinding)
{
	return parser_worker_cpu_ns(unwinding->parser);
}
