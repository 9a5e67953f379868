// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/record_files.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/exit_code.h"
#include "export/exporter.h"
#include "export/stats_json.h"
#include "export/summary.h"

static int prepare_default(struct record_files *files, struct fault *fault)
{
	char host[65] = "host", name[128];
	int err;

	gethostname(host, sizeof(host) - 1);
	output_default_name(name, host, time(NULL));
	err = output_prepare(&files->outputs[0], name, fault);
	if (err)
		return err;
	files->exporters[0] = exporter_by_name("html");
	files->n = 1;
	return 0;
}

static int prepare_outputs(
	struct record_files *files, const struct record_options *options, struct fault *fault)
{
	if (!options->n_outputs)
		return prepare_default(files, fault);
	for (unsigned i = 0; i < options->n_outputs; i++) {
		int err = output_prepare(&files->outputs[i], options->outputs[i].path, fault);

		if (err)
			return err;
		files->exporters[i] = options->outputs[i].exporter;
		files->n = i + 1;
	}
	return 0;
}

int record_files_prepare(
	struct record_files *out, const struct record_options *options, struct fault *fault)
{
	struct record_files files = {0};
	int err = prepare_outputs(&files, options, fault);

	if (!err && options->stats) {
		err = output_prepare(&files.stats, options->stats, fault);
		files.with_stats = !err;
	}
	if (err) {
		record_files_release(&files);
		return err;
	}
	*out = files;
	return 0;
}

/* Commits what a writer wrote, or discards it; releases the output either way. */
static int settle(struct output *output, int err, struct fault *fault)
{
	if (!err)
		return output_commit(output, fault);
	fault_set(fault, err, "cannot write %s: %s", output->path, strerror(-err));
	output_discard(output);
	return err;
}

static int write_profile(struct output *output, const struct exporter *exporter,
	const struct export_view *view, struct fault *fault)
{
	int err = output_open(output, fault);

	if (err) {
		output_discard(output);
		return err;
	}
	return settle(output, exporter->write(view, output->stream), fault);
}

static int write_stats(struct output *output, const struct trust *trust, struct fault *fault)
{
	int err = output_open(output, fault);

	if (err) {
		output_discard(output);
		return err;
	}
	return settle(output, stats_json_write(trust, output->stream), fault);
}

/* A failure is said at once, so that the next file's does not hide it. */
static int report(int err, const char *path, bool say, const struct fault *fault)
{
	if (err)
		cmd_fail("record", err == -EINVAL ? -EIO : err, fault);
	else if (say && strcmp(path, "-"))
		summary_print_wrote(path, stderr);
	return err;
}

int record_files_write(struct record_files *files, const struct export_view *view, bool say)
{
	struct fault fault;
	char path[4096];
	int first = 0, err;

	for (unsigned i = 0; i < files->n; i++) {
		snprintf(path, sizeof(path), "%s", files->outputs[i].path);
		err = write_profile(
			&files->outputs[i], files->exporters[i], view, &fault);
		err = report(err, path, say, &fault);
		if (!first)
			first = err;
	}
	if (!files->with_stats)
		return first;
	snprintf(path, sizeof(path), "%s", files->stats.path);
	err = report(write_stats(&files->stats, view->trust, &fault), path, say, &fault);
	return first ? first : err;
}

/* What the signal handler cleans up: unlink() and _exit() alone are safe there. */
static struct record_files *interrupted;
static volatile sig_atomic_t pardoned; /* interrupts that do not count yet */

static void give_up(int signal)
{
	(void)signal;
	if (pardoned) {
		pardoned--;
		return;
	}
	for (unsigned i = 0; i < RECORD_OUTPUTS; i++)
		if (interrupted->outputs[i].temporary)
			unlink(interrupted->outputs[i].temporary);
	if (interrupted->stats.temporary)
		unlink(interrupted->stats.temporary);
	_exit(EXIT_GAVE_UP);
}

void record_files_give_up_on_interrupt(struct record_files *files, bool second)
{
	const struct sigaction action = {.sa_handler = give_up, .sa_flags = SA_RESTART};
	sigset_t interrupt;

	interrupted = files;
	pardoned = !second;
	sigaction(SIGINT, &action, NULL);
	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	sigprocmask(SIG_UNBLOCK, &interrupt, NULL);
}

void record_files_release(struct record_files *files)
{
	for (unsigned i = 0; i < RECORD_OUTPUTS; i++)
		output_discard(&files->outputs[i]);
	output_discard(&files->stats);
}
