// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/exit_code.h"
#include "cmd/option.h"
#include "cmd/query_options.h"
#include "cmd/reporting.h"
#include "import/importer.h"
#include "import/input.h"
#include "report/sieve.h"
#include "store/store.h"

struct query {
	const struct query_options *options;
	struct import *import;
	struct fault *fault;
	unsigned rows;
};

static int take_row(void *context, const struct store_row *row, const void *otlp, size_t size)
{
	struct query *query = context;
	const struct input input = {.path = query->options->store, .data = (uint8_t *)(uintptr_t)otlp, .len = size};

	(void)row;
	query->rows++;
	return import_content(query->import, &input, CONTENT_OTLP, NULL, query->fault);
}

static void print_time(char text[32], int64_t ns)
{
	time_t seconds = (time_t)(ns / (int64_t)NS_PER_SECOND);
	struct tm local;

	localtime_r(&seconds, &local);
	strftime(text, 32, "%Y-%m-%d %H:%M:%S", &local);
}

static int no_rows(const struct query *query, struct store *store, struct fault *fault)
{
	const struct query_options *options = query->options;
	char from[32], to[32];
	int64_t start, end;
	int err = store_span(store, &start, &end, fault);

	if (err)
		return err;
	if (!end)
		return fault_set(fault, -ENODATA, "the history in %s is empty: the agent writes its first interval when that ends",
			options->store);
	print_time(from, start);
	print_time(to, end);
	return fault_set(fault, -ENODATA, "the history in %s has nothing of that time: it goes from %s to %s", options->store, from,
		to);
}

static void add_quoted(struct buf *regex, const char *text)
{
	for (size_t i = 0; text[i]; i++)
		buf_printf(regex, strchr("\\^$.[]|()*+?{}", text[i]) ? "\\%c" : "%c", text[i]);
}

/* Keeps the samples of threads that are called so. */
static int keep_comms(struct import *import, const struct selection_words *words, struct fault *fault)
{
	struct pattern pattern = {0};
	struct labels labels = {0};
	struct buf regex = {0};
	int err = 0;

	if (!words->n)
		return 0;
	for (unsigned i = 0; i < words->n; i++) {
		buf_puts(&regex, i ? "|^" : "^");
		add_quoted(&regex, words->word[i]);
		buf_puts(&regex, "$");
	}
	err = buf_putc(&regex, 0);
	if (!err)
		err = pattern_init(&pattern, regex.data, fault);
	if (!err)
		err = labels_init(&labels, &import->profile, LABELS_COMM, false);
	if (!err)
		err = sieve_rows(&import->profile, &labels, &pattern);
	labels_release(&labels);
	if (pattern.text)
		pattern_release(&pattern);
	buf_release(&regex);
	return err;
}

static bool is_in_container(const struct profile *profile, const struct profile_who *who, const char *word)
{
	return !strncmp(profile_text(profile, who->container), word, strlen(word)) || !strcmp(profile_text(profile, who->pod), word);
}

static bool is_of_unit(const struct profile *profile, const struct profile_who *who, const char *word)
{
	const char *unit = profile_text(profile, who->unit);
	size_t len = strlen(word);

	return !strncmp(unit, word, len) && (!unit[len] || !strcmp(unit + len, ".service"));
}

/* No words ask for nothing. */
static bool any(const struct profile *profile, const struct profile_who *who, const struct selection_words *words,
	bool (*is)(const struct profile *profile, const struct profile_who *who, const char *word))
{
	for (unsigned i = 0; i < words->n; i++)
		if (is(profile, who, words->word[i]))
			return true;
	return !words->n;
}

static int keep_processes(struct import *import, const struct query_options *options)
{
	struct profile *profile = &import->profile;
	uint32_t count = profile->processes.count;
	bool *keep;
	int err;

	if (!options->selection.containers.n && !options->units.n)
		return 0;
	keep = calloc((size_t)count + 1, sizeof(*keep));
	if (!keep)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		keep[i] = any(profile, &profile->who[i], &options->selection.containers, is_in_container) &&
			any(profile, &profile->who[i], &options->units, is_of_unit);
	err = sieve_processes(profile, keep);
	free(keep);
	return err;
}

static int read_history(void *context, struct import *import, struct fault *fault)
{
	const struct query_options *options = context;
	struct query query = {options, import, fault, 0};
	struct store *store;
	int err = store_open(&store, options->store, false, fault);

	if (err)
		return err;
	err = store_each(store, options->since_ns, options->until_ns, take_row, &query, fault);
	if (!err && !query.rows)
		err = no_rows(&query, store, fault);
	store_close(store);
	return err;
}

/* After what is read is finished. */
static int select_samples(void *context, struct import *import, struct fault *fault)
{
	const struct query_options *options = context;
	const struct selection_request *selection = &options->selection;
	int err = keep_comms(import, &selection->comms, fault);

	if (!err)
		err = keep_processes(import, options);
	if (!err && (selection->comms.n || selection->containers.n || options->units.n))
		err = import_count_again(import);
	return err;
}

int cmd_query(int argc, char **argv)
{
	static struct query_options options;
	static struct reporting reporting = {.command = "query", .options = &options.report, .read = read_history,
		.select = select_samples, .context = &options};
	struct fault fault = {""};
	int status, err = query_options_parse(&options, argc, argv, &fault);

	if (!err && options.report.help) {
		option_help(&query_command);
	} else if (!err) {
		const char *files[] = {options.store};

		options.report.files = files;
		options.report.n_files = 1;
		err = reporting_run(&reporting, &fault);
		err = err == -EINVAL ? -EIO : err;
		options.report.files = NULL;
	}
	status = reporting_end(&reporting, err, &fault);
	query_options_release(&options);
	return status;
}
