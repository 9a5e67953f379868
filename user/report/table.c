// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/table.h"

#include <inttypes.h>
#include <string.h>

#include "report/amount.h"

#define LEAST_WIDTH 6
#define SHARE_WIDTH 7  /* 100.00% */
#define LEAST_NAME 20  /* of a terminal that is too narrow */

struct cells {
	char self[AMOUNT_TEXT], self_share[AMOUNT_TEXT], total[AMOUNT_TEXT], total_share[AMOUNT_TEXT];
};

static int widest(int width, const char *text)
{
	int len = (int)strlen(text);

	return len > width ? len : width;
}

static void fill(struct cells *cells, const struct table *table, const struct ranking_row *row)
{
	amount_text(cells->self, row->self, table->unit);
	amount_share(cells->self_share, row->self, table->whole);
	amount_text(cells->total, row->total, table->unit);
	amount_share(cells->total_share, row->total, table->whole);
}

/* Bytes of the first `most` characters of clean UTF-8; all of it where it is no longer. */
static int first_characters(const char *text, unsigned most)
{
	unsigned seen = 0;
	int len = 0;

	for (; text[len]; len++) {
		seen += (text[len] & 0xc0) != 0x80;
		if (seen > most)
			return len;
	}
	return len;
}

static void put_name(const char *name, unsigned room, FILE *out)
{
	if (!room || !name[first_characters(name, room)])
		fprintf(out, "%s\n", name);
	else
		fprintf(out, "%.*s...\n", first_characters(name, room - 3), name);
}

/* Of all rows that are not shown; their totals hold one another, so a sum would say nothing. */
static uint64_t rest_of(const struct ranking *ranking, uint32_t shown)
{
	uint64_t rest = 0;

	for (uint32_t i = shown; i < ranking->count; i++)
		rest += ranking->rows[i].self;
	return rest;
}

struct columns {
	int self, total; /* widths */
	unsigned room;   /* for names; 0: no end */
};

static struct columns measure(const struct table *table, uint32_t shown)
{
	struct columns columns = {.self = LEAST_WIDTH, .total = LEAST_WIDTH};
	struct cells cells;
	unsigned used;

	for (uint32_t i = 0; i < shown; i++) {
		fill(&cells, table, &table->ranking->rows[i]);
		columns.self = widest(columns.self, cells.self);
		columns.total = widest(columns.total, cells.total);
	}
	amount_text(cells.self, rest_of(table->ranking, shown), table->unit);
	columns.self = widest(columns.self, cells.self);
	used = (unsigned)(columns.self + columns.total + 2 * SHARE_WIDTH + 8);
	if (table->width)
		columns.room = table->width > used + LEAST_NAME ? table->width - used : LEAST_NAME;
	return columns;
}

static void put_cells(const struct columns *columns, const struct cells *cells, FILE *out)
{
	fprintf(out, "%*s  %*s  %*s  %*s  ", columns->self, cells->self, SHARE_WIDTH, cells->self_share, columns->total,
		cells->total, SHARE_WIDTH, cells->total_share);
}

static void put_rest(const struct table *table, const struct columns *columns, uint32_t shown, FILE *out)
{
	uint64_t rest = rest_of(table->ranking, shown);
	struct cells cells = {.total = "-", .total_share = "-"};

	amount_text(cells.self, rest, table->unit);
	amount_share(cells.self_share, rest, table->whole);
	put_cells(columns, &cells, out);
	fprintf(out, "%" PRIu32 " more\n", table->ranking->count - shown);
}

void table_print(const struct table *table, FILE *out)
{
	const struct ranking *ranking = table->ranking;
	uint32_t shown = table->limit && table->limit < ranking->count ? table->limit : ranking->count;
	const struct columns columns = measure(table, shown);
	struct cells cells;

	fprintf(out, "#%*s  %*s  %*s  %*s  %s\n", columns.self - 1, "self", SHARE_WIDTH, "self%", columns.total,
		"total", SHARE_WIDTH, "total%", table->column);
	for (uint32_t i = 0; i < shown; i++) {
		fill(&cells, table, &ranking->rows[i]);
		put_cells(&columns, &cells, out);
		put_name(ranking->rows[i].name, columns.room, out);
	}
	if (shown < ranking->count)
		put_rest(table, &columns, shown, out);
}
