// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser/parser_table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define REGISTERS 17 /* DWARF's numbers of x86-64: 16, and the return address */
#define UNSUPPORTED 1

struct taking {
	struct unwind_table table;
	struct abi_rule *rules;
	uint32_t n_rules, rules_told, bases_told;
	uint64_t rows_told;
	bool told;
};

static int begin(struct taking *taking, const void *body, size_t size)
{
	struct parser_table told;

	if (size != sizeof(told) || taking->told)
		return -EPROTO;
	memcpy(&told, body, sizeof(told));
	if (!told.pages || told.pages > UNWIND_TABLE_PAGES || !told.rules || told.rules > ABI_RULES)
		return -EPROTO;
	taking->told = true;
	taking->n_rules = told.rules;
	taking->table = (struct unwind_table){.pages = told.pages, .no_room = told.no_room, .overlaps = told.overlaps,
		.broken = told.broken, .skipped = told.skipped};
	taking->rules = calloc(told.rules, sizeof(*taking->rules));
	taking->table.bases = calloc(told.pages, sizeof(*taking->table.bases));
	taking->table.rows = malloc((size_t)told.pages * ABI_ROWS * sizeof(*taking->table.rows));
	return taking->rules && taking->table.bases && taking->table.rows ? 0 : -ENOMEM;
}

/* A part of an array of `count`, of which *done are there. */
static int take_part(void *array, size_t item, uint64_t count, uint64_t *done, const void *body, size_t size)
{
	if (!array || size % item || size / item > count - *done)
		return -EPROTO;
	memcpy((char *)array + *done * item, body, size);
	*done += size / item;
	return 0;
}

static int take(void *context, const struct parser_message *head, const void *body, size_t size)
{
	struct taking *taking = context;
	struct unwind_table *table = &taking->table;
	uint64_t done;
	int err;

	switch (head->type) {
	case PARSER_TABLE:
		return begin(taking, body, size);
	case PARSER_RULES:
		done = taking->rules_told;
		err = take_part(taking->rules, sizeof(*taking->rules), taking->n_rules, &done, body, size);
		taking->rules_told = (uint32_t)done;
		return err;
	case PARSER_BASES:
		done = taking->bases_told;
		err = take_part(table->bases, sizeof(*table->bases), table->pages, &done, body, size);
		taking->bases_told = (uint32_t)done;
		return err;
	case PARSER_ROWS:
		return take_part(table->rows, sizeof(*table->rows), (uint64_t)table->pages * ABI_ROWS, &taking->rows_told,
			body, size);
	default:
		return -EPROTO;
	}
}

static bool rule_is_sane(const struct abi_rule *rule)
{
	return rule->cfa <= CFA_SIGNAL && rule->rbp <= SAVED_UNDEFINED && rule->reg < REGISTERS && rule->ra_reg <= REGISTERS &&
		rule->index <= REGISTERS && !rule->pad;
}

/* Ids of the child's rules to those of ours; one that makes no sense is unsupported. */
static uint16_t *map_rules(const struct taking *taking, struct rules *rules)
{
	uint16_t *ours = calloc(taking->n_rules, sizeof(*ours));

	for (uint32_t i = 0; ours && i < taking->n_rules; i++)
		ours[i] = rule_is_sane(&taking->rules[i]) ? rules_add(rules, &taking->rules[i]) : UNSUPPORTED;
	return ours;
}

/* Offsets ascend from 0, unused rows are at the end. */
static int check_page(const struct abi_row *rows)
{
	if (rows[0].offset)
		return -EPROTO;
	for (uint32_t i = 1; i < ABI_ROWS; i++) {
		bool both = rows[i].offset == ABI_ROW_UNUSED && rows[i - 1].offset == ABI_ROW_UNUSED;

		if (rows[i].offset <= rows[i - 1].offset && !both)
			return -EPROTO;
	}
	return 0;
}

static int translate_page(struct taking *taking, uint32_t page, const uint16_t *ours)
{
	struct unwind_table *table = &taking->table;
	struct abi_row *rows = &table->rows[(size_t)page * ABI_ROWS];
	int err = page && table->bases[page] <= table->bases[page - 1] ? -EPROTO : check_page(rows);

	for (uint32_t i = 0; i < ABI_ROWS && !err && rows[i].offset != ABI_ROW_UNUSED; i++) {
		uint16_t rule = rows[i].rule;

		if (rule >= taking->n_rules)
			return -EPROTO;
		rows[i].rule = ours[rule];
		table->n_rows++;
		table->unsupported += ours[rule] == UNSUPPORTED;
		table->no_room += ours[rule] == UNSUPPORTED && rule != UNSUPPORTED;
	}
	return err;
}

static int translate(struct taking *taking, struct rules *rules)
{
	struct unwind_table *table = &taking->table;
	uint16_t *ours;
	int err = 0;

	if (!taking->told || taking->rules_told != taking->n_rules || taking->bases_told != table->pages ||
		taking->rows_told != (uint64_t)table->pages * ABI_ROWS)
		return -EPIPE;
	ours = map_rules(taking, rules);
	if (!ours)
		return -ENOMEM;
	for (uint32_t page = 0; page < table->pages && !err; page++)
		err = translate_page(taking, page, ours);
	free(ours);
	return err ? -EPIPE : 0;
}

int parser_table_build(struct parser_worker *worker, struct unwind_table *table, int fd, struct rules *rules)
{
	const struct parser_job_request request = {.job = PARSER_JOB_TABLE, .fds = {fd}, .n_fds = 1};
	struct taking taking = {0};
	int err = parser_worker_ask(worker, &request, take, &taking);

	if (!err)
		err = translate(&taking, rules);
	*table = err ? (struct unwind_table){0} : taking.table;
	if (err)
		unwind_table_release(&taking.table);
	free(taking.rules);
	return err;
}
