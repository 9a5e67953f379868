// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/output_options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "send/endpoint.h"
#include "send/endpoint_url.h"

#define WORDS 32 /* that a hint chooses from */

/* A URL may hold a password. */
static int given_twice(const char *path, struct fault *fault)
{
	char shown[256];

	if (!endpoint_is_one(path))
		return fault_set(fault, -EINVAL, "'%s' is given twice", path);
	endpoint_url_show(shown, sizeof(shown), path);
	return fault_set(fault, -EINVAL, "'%s' is given twice", shown);
}

int output_options_add(struct output_options *options, const char *path, struct fault *fault)
{
	if (!*path)
		return fault_set(fault, -EINVAL, "an empty path");
	if (options->n == OUTPUTS_MAX)
		return fault_set(fault, -EINVAL, "more than %d outputs", OUTPUTS_MAX);
	for (unsigned i = 0; i < options->n; i++)
		if (!strcmp(options->each[i].path, path))
			return given_twice(path, fault);
	options->each[options->n++] = (struct output_option){.path = path};
	return 0;
}

static int unknown_format(const char *format, struct fault *fault)
{
	const char *names[WORDS];
	unsigned count = 0;
	char hint[96];

	for (; count < n_exporters && count < WORDS; count++)
		names[count] = exporters[count].name;
	nearest_hint(hint, sizeof(hint), "", nearest_word(format, names, count));
	return fault_set(fault, -EINVAL, "unknown format '%s'%s", format, *hint ? hint : "; see profound list formats");
}

int output_options_set_format(struct output_options *options, const char *format, struct fault *fault)
{
	if (!exporter_by_name(format))
		return unknown_format(format, fault);
	if (!options->n)
		return fault_set(fault, -EINVAL, "'%s' has no -o before it that it could apply to", format);
	options->each[options->n - 1].format = format;
	return 0;
}

int output_options_set_stats(struct output_options *options, const char *path, struct fault *fault)
{
	if (!*path)
		return fault_set(fault, -EINVAL, "an empty path");
	options->stats = path;
	return 0;
}

static int check_stats(const struct output_options *options, struct fault *fault)
{
	for (unsigned i = 0; options->stats && i < options->n; i++)
		if (!strcmp(options->stats, options->each[i].path))
			return fault_set(fault, -EINVAL, "--stats: '%s' is an output already", options->stats);
	return 0;
}

/* http:// alone would leave open what is sent there. */
static int no_otlp(const char *path, struct fault *fault)
{
	char shown[256];

	endpoint_url_show(shown, sizeof(shown), path);
	return fault_set(fault, -EINVAL,
		"-o %s: to send, name an OTLP receiver: otlp+http://, otlp+https://, otlp+grpc:// or otlp+grpcs://", shown);
}

static int unknown_extension(const char *path, struct fault *fault)
{
	const char *dot = strrchr(path, '.'), *words[WORDS];
	char all[256] = "", copy[256], hint[96], *rest = copy, *word;
	unsigned count = 0;

	if (strstr(path, "://"))
		return no_otlp(path, fault);
	for (unsigned i = 0; i < n_exporters; i++) {
		size_t len = strlen(all);

		snprintf(all + len, sizeof(all) - len, "%s%s", i ? " " : "", exporters[i].extensions);
	}
	strcpy(copy, all);
	while ((word = strsep(&rest, " ")) && count < WORDS)
		words[count++] = word;
	nearest_hint(hint, sizeof(hint), "", dot ? nearest_word(dot, words, count) : NULL);
	return fault_set(fault, -EINVAL, "-o %s: no format has that extension%s (known: %s; or give --format)", path,
		hint, all);
}

static const struct exporter *exporter_of(const struct output_option *option)
{
	if (option->format)
		return exporter_by_name(option->format);
	return strcmp(option->path, "-") ? exporter_by_path(option->path) : exporter_by_name("folded");
}

/* `otlp` with a format is a file of that name. */
static bool is_sent(const struct output_option *option)
{
	return endpoint_is_one(option->path) && !(option->format && !strcmp(option->path, "otlp"));
}

static int check_endpoint(const struct output_option *option, struct fault *fault)
{
	struct fault inner = {""};
	int err = endpoint_check(option->path, &inner);

	if (err)
		return fault_set(fault, err, "-o: %s", inner.text);
	if (option->format)
		return fault_set(fault, -EINVAL, "--format %s: what is sent is OTLP; leave it out, or name a file with -o",
			option->format);
	return 0;
}

int output_options_finish(struct output_options *options, struct fault *fault)
{
	int err = check_stats(options, fault);

	for (unsigned i = 0; !err && i < options->n; i++) {
		struct output_option *option = &options->each[i];

		if (is_sent(option)) {
			err = check_endpoint(option, fault);
			continue;
		}
		option->exporter = exporter_of(option);
		if (!option->exporter)
			err = unknown_extension(option->path, fault);
	}
	return err;
}
