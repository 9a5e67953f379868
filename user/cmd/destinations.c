// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/destinations.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/exit_code.h"
#include "export/stats_json.h"
#include "export/summary.h"

static int add(struct destinations *destinations, const char *path, const struct exporter *exporter, struct fault *fault)
{
	struct destination *destination = &destinations->each[destinations->n];
	int err = output_prepare(&destination->file, path, fault);

	if (err)
		return err;
	destination->exporter = exporter;
	destinations->n++;
	return 0;
}

int destinations_prepare(struct destinations *out, const char *command, const struct output_options *options,
	struct fault *fault)
{
	struct destinations made = {.command = command};
	int err = 0;

	for (unsigned i = 0; !err && i < options->n; i++)
		err = add(&made, options->each[i].path, options->each[i].exporter, fault);
	if (!err && options->stats) {
		err = output_prepare(&made.stats, options->stats, fault);
		made.with_stats = !err;
	}
	if (err) {
		destinations_release(&made);
		return err;
	}
	*out = made;
	return 0;
}

int destinations_add_page(struct destinations *destinations, struct fault *fault)
{
	char host[65] = "host", name[128];

	gethostname(host, sizeof(host) - 1);
	output_default_name(name, host, time(NULL));
	return add(destinations, name, exporter_by_name("html"), fault);
}

bool destinations_carry_resources(const struct destinations *destinations)
{
	for (unsigned i = 0; i < destinations->n; i++)
		if (destinations->each[i].exporter && destinations->each[i].exporter->resources)
			return true;
	return false;
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
static int report(const char *command, int err, const char *path, bool say, const struct fault *fault)
{
	if (err)
		cmd_fail(command, err == -EINVAL ? -EIO : err, fault);
	else if (say && strcmp(path, "-"))
		summary_print_wrote(path, stderr);
	return err;
}

int destinations_write(struct destinations *destinations, const struct export_view *view, bool say)
{
	struct fault fault;
	char path[4096];
	int first = 0, err;

	for (unsigned i = 0; i < destinations->n; i++) {
		struct destination *destination = &destinations->each[i];

		snprintf(path, sizeof(path), "%s", destination->file.path);
		err = write_profile(&destination->file, destination->exporter, view, &fault);
		err = report(destinations->command, err, path, say, &fault);
		if (!first)
			first = err;
	}
	if (!destinations->with_stats)
		return first;
	snprintf(path, sizeof(path), "%s", destinations->stats.path);
	err = write_stats(&destinations->stats, view->trust, &fault);
	err = report(destinations->command, err, path, say, &fault);
	return first ? first : err;
}

/* What the signal handler cleans up: unlink() and _exit() alone are safe there. */
static struct destinations *interrupted;
static volatile sig_atomic_t pardoned; /* interrupts that do not count yet */

static void give_up(int signal)
{
	(void)signal;
	if (pardoned) {
		pardoned--;
		return;
	}
	for (unsigned i = 0; i < OUTPUTS_MAX; i++)
		if (interrupted->each[i].file.temporary)
			unlink(interrupted->each[i].file.temporary);
	if (interrupted->stats.temporary)
		unlink(interrupted->stats.temporary);
	_exit(EXIT_GAVE_UP);
}

void destinations_give_up_on_interrupt(struct destinations *destinations, bool second)
{
	const struct sigaction action = {.sa_handler = give_up, .sa_flags = SA_RESTART};
	sigset_t interrupt;

	interrupted = destinations;
	pardoned = !second;
	sigaction(SIGINT, &action, NULL);
	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	sigprocmask(SIG_UNBLOCK, &interrupt, NULL);
}

void destinations_release(struct destinations *destinations)
{
	for (unsigned i = 0; i < OUTPUTS_MAX; i++)
		output_discard(&destinations->each[i].file);
	output_discard(&destinations->stats);
}
