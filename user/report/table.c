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

void table_print(const struct table *table, FILE *out)
{
	const struct ranking *ranking = table->ranking;
	uint32_t shown = table->limit && table->limit < ranking->count ? table->limit : ranking->count;
	int self_width = LEAST_WIDTH, total_width = LEAST_WIDTH;
	struct cells cells;
	unsigned used, room;

	for (uint32_t i = 0; i < shown; i++) {
		fill(&cells, table, &ranking->rows[i]);
		self_width = widest(self_width, cells.self);
		total_width = widest(total_width, cells.total);
	}
	amount_text(cells.self, rest_of(ranking, shown), table->unit);
	self_width = widest(self_width, cells.self);
	used = (unsigned)(self_width + total_width + 2 * SHARE_WIDTH + 8);
	room = !table->width ? 0 : table->width > used + LEAST_NAME ? table->width - used : LEAST_NAME;
	fprintf(out, "#%*s  %*s  %*s  %*s  %s\n", self_width - 1, "self", SHARE_WIDTH, "self%", total_width, "total",
		SHARE_WIDTH, "total%", table->column);
	for (uint32_t i = 0; i < shown; i++) {
		fill(&cells, table, &ranking->rows[i]);
		fprintf(out, "%*s  %*s  %*s  %*s  ", self_width, cells.self, SHARE_WIDTH, cells.self_share, total_width,
			cells.total, SHARE_WIDTH, cells.total_share);
		put_name(ranking->rows[i].name, room, out);
	}
	if (shown == ranking->count)
		return;
	amount_text(cells.self, rest_of(ranking, shown), table->unit);
	amount_share(cells.self_share, rest_of(ranking, shown), table->whole);
	fprintf(out, "%*s  %*s  %*s  %*s  %" PRIu32 " more\n", self_width, cells.self, SHARE_WIDTH, cells.self_share,
		total_width, "-", SHARE_WIDTH, "-", ranking->count - shown);
}
