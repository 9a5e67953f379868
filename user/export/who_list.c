// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/who_list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

struct row {
	const struct profile_who *who;
	uint64_t samples;
};

static int by_identity(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->who->cgroup != b->who->cgroup)
		return a->who->cgroup < b->who->cgroup ? -1 : 1;
	if (a->who->exe != b->who->exe)
		return a->who->exe < b->who->exe ? -1 : 1;
	return 0;
}

static int by_samples(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->samples != b->samples)
		return a->samples > b->samples ? -1 : 1;
	return by_identity(left, right);
}

/* One row a program and cgroup, most samples first; the number of them. */
static uint32_t merge(struct row *rows, uint32_t count)
{
	uint32_t n = 0;

	qsort(rows, count, sizeof(*rows), by_identity);
	for (uint32_t i = 0; i < count; i++) {
		if (n && !by_identity(&rows[n - 1], &rows[i]))
			rows[n - 1].samples += rows[i].samples;
		else
			rows[n++] = rows[i];
	}
	qsort(rows, n, sizeof(*rows), by_samples);
	return n;
}

/* Paths are the targets' own: no control character reaches the terminal. */
static void put(const struct profile *profile, const char *before, uint32_t text, FILE *out)
{
	const char *value = profile_text(profile, text);
	struct buf clean = {0};

	if (value[0] && !text_clean(&clean, value, strlen(value)) && !buf_putc(&clean, 0))
		fprintf(out, "%s%s", before, clean.data);
	buf_release(&clean);
}

static void print_row(const struct profile *profile, const struct row *row, FILE *out)
{
	const struct profile_who *who = row->who;
	bool named = profile_text(profile, who->container)[0] || profile_text(profile, who->pod)[0] ||
		profile_text(profile, who->unit)[0];

	fprintf(out, "who      %" PRIu64 " %s", row->samples, profile_text(profile, who->exe)[0] ? "" : "?");
	put(profile, "", who->exe, out);
	fputs(" in", out);
	put(profile, " container ", who->container, out);
	put(profile, " of ", who->runtime, out);
	put(profile, " pod ", who->pod, out);
	put(profile, " unit ", who->unit, out);
	if (!named)
		put(profile, " cgroup ", who->cgroup, out);
	fputs(profile_text(profile, who->cgroup)[0] ? "\n" : " ?\n", out);
}

int who_list_print(const struct profile *profile, unsigned limit, FILE *out)
{
	uint32_t count = profile->processes.count;
	struct row *rows = calloc(count ? count : 1, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		rows[i].who = &profile->who[i];
	for (uint32_t i = 0; i < profile->samples.count; i++)
		rows[profile_get_sample(profile, i)->process].samples += profile->counts[i];
	count = merge(rows, count);
	for (uint32_t i = 0; i < count && i < limit; i++)
		print_row(profile, &rows[i], out);
	free(rows);
	return 0;
}
