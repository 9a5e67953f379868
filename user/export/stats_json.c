// SPDX-License-Identifier: GPL-2.0-or-later
#include "export/stats_json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "export/text.h"

struct json {
	struct buf text;
	int depth;
	bool first; /* of its object */
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

static void put_counters(
	struct json *json, const char *key, const struct trust *trust, enum counter_class class)
{
	open_object(json, key);
	for (int i = 0; i < COUNTERS; i++)
		if (counter_specs[i].class == class)
			put_int(json, counter_specs[i].name, trust->counter[i]);
	close_object(json);
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

static void put_samples(struct json *json, const struct trust *trust)
{
	open_object(json, "samples");
	put_int(json, "expected", trust->expected);
	put_int(json, "taken", trust->taken);
	put_int(json, "idle", trust->idle);
	put_counters(json, "lost", trust, CLASS_LOST);
	close_object(json);
}

static void put_stacks(struct json *json, const struct trust *trust)
{
	open_object(json, "stacks");
	put_int(json, "complete", trust->complete);
	put_int(json, "unverified", trust->unverified);
	put_counters(json, "cut", trust, CLASS_CUT);
	put_int(json, "distinct", trust->distinct);
	close_object(json);
}

static int put_frames(struct json *json, const struct trust *trust)
{
	int err;

	open_object(json, "frames");
	put_int(json, "named", trust->named);
	put_int(json, "by_fp", trust->by_fp);
	err = put_unnamed(json, trust);
	put_counters(json, "unnamed_by_cause", trust, CLASS_FRAME);
	close_object(json);
	return err;
}

static void put_cost(struct json *json, const struct trust *trust)
{
	open_object(json, "cost");
	put_seconds(json, "cpu_seconds", trust->cpu_seconds);
	put_int(json, "kernel_ns_per_sample", trust->kernel_ns_per_sample);
	put_int(json, "max_rss_bytes", trust->max_rss_bytes);
	put_int(json, "bpf_memory_bytes", trust->bpf_memory_bytes);
	put_int(json, "drained_bytes", trust->drained_bytes);
	close_object(json);
}

static void put_time(struct json *json, const struct trust *trust)
{
	open_object(json, "time");
	put_seconds(json, "ready_seconds", trust->ready_seconds);
	put_seconds(json, "sampled_seconds", trust->sampled_seconds);
	put_seconds(json, "total_seconds", trust->total_seconds);
	close_object(json);
}

int stats_json_write(const struct trust *trust, FILE *stream)
{
	struct json json = {0};
	int err;

	open_object(&json, NULL);
	put_samples(&json, trust);
	put_stacks(&json, trust);
	err = put_frames(&json, trust);
	put_counters(&json, "notes", trust, CLASS_NOTE);
	put_cost(&json, trust);
	put_time(&json, trust);
	put_string(&json, "event", trust->event);
	put_int(&json, "frequency_hz", trust->frequency_hz);
	put_string(&json, "kernel", trust->kernel[0] ? trust->kernel : NULL);
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
