// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/stats_json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "export/text.h"
#include "profile/figures.h"

#define UNNAMED_BY_CAUSE "frames.unnamed_by_cause."
#define DEPTH 4

struct json {
	const struct trust *trust;
	struct buf text;
	int depth;
	bool first; /* of its object */
	bool files; /* frames.unnamed was written */
	char path[DEPTH][FIGURE_KEY]; /* keys of the objects that are open, but for the outermost */
	int err;
};

static void put_key(struct json *json, const char *key)
{
	buf_puts(&json->text, json->first ? "\n" : ",\n");
	for (int i = 0; i < json->depth; i++)
		buf_puts(&json->text, "  ");
	text_json(&json->text, key);
	buf_puts(&json->text, ": ");
	json->first = false;
}

static void open_object(struct json *json, const char *key)
{
	if (key)
		put_key(json, key);
	buf_putc(&json->text, '{');
	json->depth++;
	json->first = true;
}

static void close_object(struct json *json)
{
	json->depth--;
	if (!json->first) {
		buf_putc(&json->text, '\n');
		for (int i = 0; i < json->depth; i++)
			buf_puts(&json->text, "  ");
	}
	buf_putc(&json->text, '}');
	json->first = false;
}

static void put_int(struct json *json, const char *key, int64_t value)
{
	put_key(json, key);
	if (value == TRUST_NULL)
		buf_puts(&json->text, "null");
	else
		buf_printf(&json->text, "%" PRId64, value);
}

static void put_seconds(struct json *json, const char *key, double value)
{
	put_key(json, key);
	if (value < 0 || !isfinite(value))
		buf_puts(&json->text, "null");
	else
		buf_printf(&json->text, "%.6f", value);
}

static void put_string(struct json *json, const char *key, const char *value)
{
	put_key(json, key);
	if (value)
		text_json(&json->text, value);
	else
		buf_puts(&json->text, "null");
}

/* Sums by the name as it will be printed: JSON objects have no equal keys. */
static int sum_files(const struct trust *trust, struct intern *names, uint64_t *sums)
{
	struct buf name = {0};
	int err = 0;

	for (uint32_t i = 0; i < trust->n_unnamed && !err; i++) {
		uint32_t id;

		buf_clear(&name);
		text_plain(&name, trust->unnamed[i].file);
		err = name.failed ? -ENOMEM : intern_add(names, name.data, name.len, &id);
		if (!err)
			sums[id] += trust->unnamed[i].frames;
	}
	buf_release(&name);
	return err;
}

static int put_unnamed(struct json *json, const struct trust *trust)
{
	uint64_t *sums = calloc((size_t)trust->n_unnamed + 1, sizeof(*sums));
	struct intern names = {0};
	int err = sums ? sum_files(trust, &names, sums) : -ENOMEM;

	open_object(json, "unnamed");
	for (uint32_t i = 0; i < names.count && !err; i++)
		put_int(json, intern_get(&names, i, NULL), (int64_t)sums[i]);
	close_object(json);
	intern_release(&names);
	free(sums);
	return err;
}

/* A key's first part, length 0: it has one. */
static size_t head_of(const char *key)
{
	const char *dot = strchr(key, '.');

	return dot ? (size_t)(dot - key) : 0;
}

/* Closes the objects that a key is not in, opens those that it is in; returns its last part. */
static const char *enter(struct json *json, const char *key)
{
	int shared = 0;
	size_t len;

	while (shared < json->depth - 1 && (len = head_of(key)) && !strncmp(json->path[shared], key, len) &&
		!json->path[shared][len]) {
		key += len + 1;
		shared++;
	}
	while (json->depth - 1 > shared)
		close_object(json);
	while ((len = head_of(key))) {
		char *part = json->path[json->depth - 1];

		snprintf(part, FIGURE_KEY, "%.*s", (int)len, key);
		open_object(json, part);
		key += len + 1;
	}
	return key;
}

static int put_figure(void *context, const struct figure *figure)
{
	struct json *json = context;
	const char *name;

	/* Files have a key each, before what they add up to by cause. */
	if (!json->files && !strncmp(figure->key, UNNAMED_BY_CAUSE, strlen(UNNAMED_BY_CAUSE))) {
		json->files = true;
		json->err = put_unnamed(json, json->trust);
	}
	name = enter(json, figure->key);
	if (figure->kind == FIGURE_INT)
		put_int(json, name, figure->integer);
	else if (figure->kind == FIGURE_REAL)
		put_seconds(json, name, figure->real);
	else
		put_string(json, name, figure->null ? NULL : figure->text);
	return json->err;
}

int stats_json_write(const struct trust *trust, FILE *stream)
{
	struct json json = {.trust = trust};
	int err;

	open_object(&json, NULL);
	err = figures_each(trust, put_figure, &json);
	put_string(&json, "version", PROFOUND_VERSION);
	close_object(&json);
	buf_putc(&json.text, '\n');
	if (json.text.failed)
		err = -ENOMEM;
	if (!err)
		fwrite(json.text.data, 1, json.text.len, stream);
	buf_release(&json.text);
	return err;
}
