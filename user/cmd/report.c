// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/destinations.h"
#include "cmd/exit_code.h"
#include "cmd/option.h"
#include "cmd/report_options.h"
#include "import/import.h"
#include "report/heading.h"
#include "report/labels.h"
#include "report/ranking.h"
#include "report/sieve.h"
#include "report/table.h"

/* One `profound report`, from its options to its exit status. */
struct report {
	struct report_options options;
	struct destinations destinations;
	struct import import;
	uint64_t whole; /* samples read */
};

static int no_memory(struct fault *fault, int err)
{
	return err == -ENOMEM ? fault_set(fault, err, "no memory for so large a profile") : err;
}

static int read_files(struct report *report, struct fault *fault)
{
	const struct report_options *options = &report->options;
	const struct import_options import = {.type = options->type};
	int err = 0;

	for (unsigned i = 0; i < options->n_files && !err; i++)
		err = import_file(&report->import, options->files[i], &import, fault);
	if (err)
		return err;
	err = import_finish(&report->import);
	report->whole = err ? 0 : profile_total(&report->import.profile);
	return no_memory(fault, err);
}

static const struct pattern *asked(const struct pattern *pattern)
{
	return pattern->text ? pattern : NULL;
}

/* Leaves the stacks that --focus and --hide ask for. */
static int sieve_by_function(struct report *report)
{
	const struct report_options *options = &report->options;
	struct labels labels;
	int err;

	if (!options->focus.text && !options->hide.text)
		return 0;
	err = labels_init(&labels, &report->import.profile, LABELS_FUNCTION, options->lines);
	if (err)
		return err;
	err = sieve_stacks(&report->import.profile, &labels, asked(&options->focus), asked(&options->hide));
	labels_release(&labels);
	return err;
}

/* Leaves the samples of the rows that --filter asks for. */
static int sieve_by_row(struct report *report)
{
	const struct report_options *options = &report->options;
	struct labels labels;
	int err;

	if (!options->filter.text)
		return 0;
	err = labels_init(&labels, &report->import.profile, options->by, options->lines);
	if (err)
		return err;
	err = sieve_rows(&report->import.profile, &labels, &options->filter);
	labels_release(&labels);
	return err;
}

/* 0: it is no terminal. */
static unsigned width_of(FILE *out)
{
	struct winsize size;

	return isatty(fileno(out)) && !ioctl(fileno(out), TIOCGWINSZ, &size) ? size.ws_col : 0;
}

static int put_table(const struct report *report, const struct ranking *ranking)
{
	const struct report_options *options = &report->options;
	const struct profile *profile = &report->import.profile;
	const struct heading heading = {
		.files = options->files, .n_files = options->n_files,
		.profile = profile, .trust = &report->import.trust,
		.whole = report->whole, .kept = ranking->self,
		.focus = options->focus.text, .hide = options->hide.text, .filter = options->filter.text,
	};
	const struct table table = {
		.ranking = ranking, .column = labels_by_name(options->by),
		.unit = profile_text(profile, profile->value.unit),
		.whole = report->whole, .limit = options->limit, .width = width_of(stdout),
	};
	int err = options->quiet ? 0 : heading_print(&heading, stdout);

	if (!err)
		table_print(&table, stdout);
	return err;
}

static int print_table(struct report *report, struct fault *fault)
{
	const struct report_options *options = &report->options;
	struct ranking ranking = {0};
	struct labels labels = {0};
	int err = labels_init(&labels, &report->import.profile, options->by, options->lines);

	if (!err)
		err = ranking_init(&ranking, &labels, asked(&options->filter));
	if (!err)
		err = put_table(report, &ranking);
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
static int convert(struct report *report, struct fault *fault)
{
	const struct report_options *options = &report->options;
	const struct export_view view = {
		.profile = &report->import.profile, .trust = &report->import.trust, .lines = options->lines,
	};
	int err = sieve_by_row(report);

	if (!err && is_sieved(options))
		err = import_count_again(&report->import);
	if (err)
		return no_memory(fault, err);
	profile_make_recording(&report->import.profile);
	destinations_give_up_on_interrupt(&report->destinations, true);
	fault->text[0] = '\0';
	return destinations_write(&report->destinations, &view, !options->quiet);
}

static int run(struct report *report, struct fault *fault)
{
	const struct output_options *outputs = &report->options.outputs;
	int err = destinations_prepare(&report->destinations, "report", outputs, fault);

	if (!err)
		err = read_files(report, fault);
	if (!err)
		err = no_memory(fault, sieve_by_function(report));
	/* A reader that goes away must not cost the other files. */
	if (outputs->n)
		signal(SIGPIPE, SIG_IGN);
	if (!err && !outputs->n)
		err = print_table(report, fault);
	if (!err && (outputs->n || outputs->stats))
		err = convert(report, fault);
	return err;
}

int cmd_report(int argc, char **argv)
{
	static struct report report;
	struct fault fault = {""};
	int status = EXIT_DONE, err = report_options_parse(&report.options, argc, argv, &fault);

	if (!err && report.options.help) {
		option_help(&report_command);
	} else if (!err) {
		err = run(&report, &fault);
		/* What the machine shows is no wrong usage. */
		err = err == -EINVAL ? -EIO : err;
	}
	if (err)
		status = fault.text[0] ? cmd_fail("report", err, &fault) : EXIT_FAILED;
	import_release(&report.import);
	destinations_release(&report.destinations);
	report_options_release(&report.options);
	return status;
}
