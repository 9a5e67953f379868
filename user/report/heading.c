// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/heading.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "export/summary.h"
#include "export/text.h"
#include "report/amount.h"

#define NAMES_SHOWN 4 /* of files, of hosts */

#define DOT " \xc2\xb7 "

/* Prints and empties the text. */
static int put_line(const char *label, struct buf *text, FILE *out)
{
	int err = buf_putc(text, 0);

	if (!err && !text->failed)
		fprintf(out, "# %-8s %s\n", label, text->data);
	err = text->failed ? -ENOMEM : err;
	buf_release(text);
	return err;
}

static void put_more(struct buf *text, unsigned count)
{
	if (count > NAMES_SHOWN)
		buf_printf(text, " and %u more", count - NAMES_SHOWN);
}

static int put_files(const struct heading *heading, FILE *out)
{
	struct buf text = {0};

	for (unsigned i = 0; i < heading->n_files && i < NAMES_SHOWN; i++) {
		buf_puts(&text, i ? ", " : "");
		text_plain(&text, strcmp(heading->files[i], "-") ? heading->files[i] : "standard input");
	}
	put_more(&text, heading->n_files);
	return put_line(heading->n_files > 1 ? "files" : "file", &text, out);
}

static const char *unit_of(const struct heading *heading)
{
	return profile_text(heading->profile, heading->profile->value.unit);
}

static int put_total(const struct heading *heading, FILE *out)
{
	char amount[AMOUNT_TEXT];
	struct buf text = {0};

	amount_text(amount, heading->whole, unit_of(heading));
	buf_printf(&text, "%s ", amount);
	text_plain(&text, profile_text(heading->profile, heading->profile->value.type));
	if (strcmp(unit_of(heading), "count")) {
		buf_puts(&text, " in ");
		text_plain(&text, unit_of(heading));
	}
	return put_line("total", &text, out);
}

static int put_time(const struct heading *heading, FILE *out)
{
	const struct profile *profile = heading->profile;
	time_t seconds = (time_t)(profile->start_unix_ns / 1000000000);
	struct buf text = {0};
	char iso[64];
	struct tm utc;

	if (profile->start_unix_ns <= 0 && profile->duration_ns <= 0)
		return 0;
	if (profile->start_unix_ns > 0 && gmtime_r(&seconds, &utc) &&
		strftime(iso, sizeof(iso), "%Y-%m-%dT%H:%M:%SZ", &utc))
		buf_puts(&text, iso);
	if (profile->duration_ns > 0)
		buf_printf(&text, "%s%.1f s", text.len ? ", " : "", (double)profile->duration_ns / 1e9);
	return put_line("time", &text, out);
}

/* Distinct ones of all resources; those of the figures where no resource has any. */
static int collect_hosts(const struct heading *heading, struct intern *hosts)
{
	const struct profile *profile = heading->profile;
	uint32_t count, id;
	int err = 0;

	for (uint32_t i = 0; i < profile->processes.count; i++) {
		const struct profile_attribute *attributes = profile_get_resource(profile, i, &count);

		for (uint32_t j = 0; j < count && !err; j++)
			if (!strcmp(profile_text(profile, attributes[j].key), "host.name"))
				err = intern_text(hosts, profile_text(profile, attributes[j].value), &id);
	}
	if (!err && !hosts->count && heading->trust->host[0])
		err = intern_text(hosts, heading->trust->host, &id);
	return err;
}

static int put_hosts(const struct heading *heading, FILE *out)
{
	struct intern hosts = {0};
	struct buf text = {0};
	int err = collect_hosts(heading, &hosts);

	for (uint32_t i = 0; i < hosts.count && i < NAMES_SHOWN; i++) {
		buf_puts(&text, i ? ", " : "");
		text_plain(&text, intern_get(&hosts, i, NULL));
	}
	put_more(&text, hosts.count);
	if (!err && hosts.count)
		err = put_line(hosts.count > 1 ? "hosts" : "host", &text, out);
	buf_release(&text);
	intern_release(&hosts);
	return err;
}

/* What says how far to trust it; the table is the top, and the cost is the recording's. */
static bool is_wanted(const struct heading *heading, const struct summary_line *line)
{
	static const char *const wanted[] = {"stacks", "names", "event", "notes"};

	if (!strcmp(line->label, "samples")) /* alone, the number is the total */
		return strchr(line->text, ' ') && heading->whole && !strcmp(unit_of(heading), "count");
	for (unsigned i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		if (!strcmp(line->label, wanted[i]))
			return true;
	return false;
}

static void put_ascii(struct buf *text, const char *line)
{
	for (const char *at = line; *at;) {
		if (strncmp(at, DOT, strlen(DOT))) {
			buf_putc(text, *at++);
			continue;
		}
		buf_puts(text, "; ");
		at += strlen(DOT);
	}
}

static int put_trust(const struct heading *heading, FILE *out)
{
	struct summary summary;
	bool wanted = false;
	int err = summary_init(&summary, heading->trust, heading->profile);

	for (unsigned i = 0; !err && i < summary.count; i++) {
		const struct summary_line *line = &summary.lines[i];
		struct buf text = {0};

		if (*line->label)
			wanted = is_wanted(heading, line);
		if (!wanted)
			continue;
		put_ascii(&text, line->text);
		err = put_line(line->label, &text, out);
	}
	summary_release(&summary);
	return err;
}

static void put_asked(struct buf *text, const char *option, const char *pattern)
{
	if (!pattern)
		return;
	buf_printf(text, " %s '", option);
	text_plain(text, pattern);
	buf_putc(text, '\'');
}

static int put_kept(const struct heading *heading, FILE *out)
{
	char kept[AMOUNT_TEXT], whole[AMOUNT_TEXT], share[AMOUNT_TEXT];
	struct buf text = {0};

	if (!heading->focus && !heading->hide && !heading->filter)
		return 0;
	amount_text(kept, heading->kept, unit_of(heading));
	amount_text(whole, heading->whole, unit_of(heading));
	amount_share(share, heading->kept, heading->whole);
	buf_printf(&text, "%s of %s (%s):", kept, whole, share);
	put_asked(&text, "--focus", heading->focus);
	put_asked(&text, "--hide", heading->hide);
	put_asked(&text, "--filter", heading->filter);
	return put_line("kept", &text, out);
}

int heading_print(const struct heading *heading, FILE *out)
{
	int err = put_files(heading, out);

	if (!err)
		err = put_total(heading, out);
	if (!err)
		err = put_time(heading, out);
	if (!err)
		err = put_hosts(heading, out);
	if (!err)
		err = put_trust(heading, out);
	return err ? err : put_kept(heading, out);
}
