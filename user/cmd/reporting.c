// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/reporting.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/exit_code.h"
#include "report/heading.h"
#include "report/labels.h"
#include "report/ranking.h"
#include "report/sieve.h"
#include "report/table.h"

static int no_memory(struct fault *fault, int err)
{
	return err == -ENOMEM ? fault_set(fault, err, "no memory for so large a profile") : err;
}

static int read_all(struct reporting *reporting, struct fault *fault)
{
	int err = reporting->read(reporting->context, &reporting->import, fault);

	if (err)
		return err;
	err = import_finish(&reporting->import);
	if (!err && reporting->select)
		err = reporting->select(reporting->context, &reporting->import, fault);
	reporting->whole = err ? 0 : profile_total(&reporting->import.profile);
	return no_memory(fault, err);
}

static const struct pattern *asked(const struct pattern *pattern)
{
	return pattern->text ? pattern : NULL;
}

/* Leaves the stacks that --focus and --hide ask for. */
static int sieve_by_function(struct reporting *reporting)
{
	const struct report_options *options = reporting->options;
	struct labels labels;
	int err;

	if (!options->focus.text && !options->hide.text)
		return 0;
	err = labels_init(&labels, &reporting->import.profile, LABELS_FUNCTION, options->lines);
	if (err)
		return err;
	err = sieve_stacks(&reporting->import.profile, &labels, asked(&options->focus), asked(&options->hide));
	labels_release(&labels);
	return err;
}

/* Leaves the samples of the rows that --filter asks for. */
static int sieve_by_row(struct reporting *reporting)
{
	const struct report_options *options = reporting->options;
	struct labels labels;
	int err;

	if (!options->filter.text)
		return 0;
	err = labels_init(&labels, &reporting->import.profile, options->by, options->lines);
	if (err)
		return err;
	err = sieve_rows(&reporting->import.profile, &labels, &options->filter);
	labels_release(&labels);
	return err;
}

/* 0: it is no terminal. */
static unsigned width_of(FILE *out)
{
	struct winsize size;

	return isatty(fileno(out)) && !ioctl(fileno(out), TIOCGWINSZ, &size) ? size.ws_col : 0;
}

static int put_table(const struct reporting *reporting, const struct ranking *ranking)
{
	const struct report_options *options = reporting->options;
	const struct profile *profile = &reporting->import.profile;
	const struct heading heading = {
		.files = options->files, .n_files = options->n_files,
		.profile = profile, .trust = &reporting->import.trust,
		.whole = reporting->whole, .kept = ranking->self,
		.focus = options->focus.text, .hide = options->hide.text, .filter = options->filter.text,
	};
	const struct table table = {
		.ranking = ranking, .column = labels_by_name(options->by),
		.unit = profile_text(profile, profile->value.unit),
		.whole = reporting->whole, .limit = options->limit, .width = width_of(stdout),
	};
	int err = options->quiet ? 0 : heading_print(&heading, stdout);

	if (!err)
		table_print(&table, stdout);
	return err;
}

static int print_table(struct reporting *reporting, struct fault *fault)
{
	const struct report_options *options = reporting->options;
	struct ranking ranking = {0};
	struct labels labels = {0};
	int err = labels_init(&labels, &reporting->import.profile, options->by, options->lines);

	if (!err)
		err = ranking_init(&ranking, &labels, asked(&options->filter));
	if (!err)
		err = put_table(reporting, &ranking);
	ranking_release(&ranking);
	labels_release(&labels);
	if (!err && (fflush(stdout) || ferror(stdout)))
		return fault_set(fault, -EIO, "cannot write the table: %s", strerror(errno));
	return no_memory(fault, err);
}

static bool is_sieved(const struct report_options *options)
{
	return options->focus.text || options->hide.text || options->filter.text;
}

/* The fault is empty where destinations_write() has said what went wrong. */
static int convert(struct reporting *reporting, struct fault *fault)
{
	const struct report_options *options = reporting->options;
	const struct export_view view = {
		.profile = &reporting->import.profile, .trust = &reporting->import.trust, .lines = options->lines,
	};
	int err = sieve_by_row(reporting);

	if (!err && is_sieved(options))
		err = import_count_again(&reporting->import);
	if (err)
		return no_memory(fault, err);
	profile_make_recording(&reporting->import.profile);
	destinations_give_up_on_interrupt(&reporting->destinations, true);
	fault->text[0] = '\0';
	return destinations_write(&reporting->destinations, &view, !options->quiet);
}

int reporting_run(struct reporting *reporting, struct fault *fault)
{
	const struct output_options *outputs = &reporting->options->outputs;
	int err = destinations_prepare(&reporting->destinations, reporting->command, outputs, fault);

	if (!err)
		err = read_all(reporting, fault);
	if (!err)
		err = no_memory(fault, sieve_by_function(reporting));
	/* A reader that goes away must not cost the other files. */
	if (outputs->n)
		signal(SIGPIPE, SIG_IGN);
	if (!err && !outputs->n)
		err = print_table(reporting, fault);
	if (!err && (outputs->n || outputs->stats))
		err = convert(reporting, fault);
	return err;
}

int reporting_end(struct reporting *reporting, int err, const struct fault *fault)
{
	int status = EXIT_DONE;

	if (err)
		status = fault->text[0] ? cmd_fail(reporting->command, err, fault) : EXIT_FAILED;
	import_release(&reporting->import);
	destinations_release(&reporting->destinations);
	return status;
}
