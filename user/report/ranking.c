// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/ranking.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ranking_release(struct ranking *ranking)
{
	free(ranking->rows);
	*ranking = (struct ranking){0};
}

/* `seen`: by label, 1 + the last sample that counted in its total. */
static void add_sample(struct labels *labels, uint32_t sample, struct ranking_row *rows, uint32_t *seen)
{
	uint64_t weight = labels->profile->counts[sample];
	uint32_t count;
	const uint32_t *of = labels_of(labels, profile_get_sample(labels->profile, sample), &count);

	rows[of[0]].self += weight;
	for (uint32_t i = 0; i < count; i++) {
		if (seen[of[i]] == sample + 1)
			continue;
		seen[of[i]] = sample + 1;
		rows[of[i]].total += weight;
	}
}

static int by_self(const void *left, const void *right)
{
	const struct ranking_row *a = left, *b = right;

	if (a->self != b->self)
		return a->self > b->self ? -1 : 1;
	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Rows of labels, by label, become those that are shown. */
static void choose(struct ranking *ranking, const struct labels *labels, const struct pattern *filter)
{
	for (uint32_t i = 0; i < labels->names.count; i++) {
		struct ranking_row row = ranking->rows[i];

		row.name = labels_name(labels, i);
		if (!row.total || (filter && !pattern_matches(filter, row.name)))
			continue;
		ranking->rows[ranking->count++] = row;
		ranking->self += row.self;
	}
	qsort(ranking->rows, ranking->count, sizeof(*ranking->rows), by_self);
}

int ranking_init(struct ranking *ranking, struct labels *labels, const struct pattern *filter)
{
	struct ranking made = {.rows = calloc((size_t)labels->names.count + 1, sizeof(*made.rows))};
	uint32_t *seen = calloc((size_t)labels->names.count + 1, sizeof(*seen));
	int err = -ENOMEM;

	if (!made.rows || !seen)
		goto release;
	for (uint32_t i = 0; i < labels->profile->samples.count; i++)
		add_sample(labels, i, made.rows, seen);
	choose(&made, labels, filter);
	*ranking = made;
	made.rows = NULL;
	err = 0;
release:
	free(made.rows);
	free(seen);
	return err;
}
