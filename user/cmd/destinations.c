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

static int add_remote(struct destinations *destinations, const char *name, struct fault *fault)
{
	int err = remote_prepare(&destinations->remotes[destinations->n_remotes], name, fault);

	destinations->n_remotes += !err;
	return err;
}

static int add_option(struct destinations *destinations, const struct output_option *option, struct fault *fault)
{
	return option->exporter ? add(destinations, option->path, option->exporter, fault)
				: add_remote(destinations, option->path, fault);
}

int destinations_prepare(struct destinations *out, const char *command, const struct output_options *options,
	struct fault *fault)
{
	struct destinations made = {.command = command};
	int err = 0;

	for (unsigned i = 0; !err && i < options->n; i++)
		err = add_option(&made, &options->each[i], fault);
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
	output_default_name(name, host, time(NULL), ".html");
	return add(destinations, name, exporter_by_name("html"), fault);
}

bool destinations_carry_resources(const struct destinations *destinations)
{
	if (destinations->n_remotes)
		return true;
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

static int write_file(struct destinations *destinations, struct destination *destination,
	const struct export_view *view, bool say)
{
	struct fault fault;
	char path[4096];
	int err;

	snprintf(path, sizeof(path), "%s", destination->file.path);
	err = write_profile(&destination->file, destination->exporter, view, &fault);
	return report(destinations->command, err, path, say, &fault);
}

static int write_stats_file(struct destinations *destinations, const struct trust *trust, bool say)
{
	struct fault fault;
	char path[4096];
	int err;

	if (!destinations->with_stats)
		return 0;
	snprintf(path, sizeof(path), "%s", destinations->stats.path);
	err = write_stats(&destinations->stats, trust, &fault);
	return report(destinations->command, err, path, say, &fault);
}

/* What the signal handler cleans up: unlink() and _exit() alone are safe there. */
static struct destinations *interrupted;
static volatile sig_atomic_t pardoned; /* interrupts that do not count yet */
static volatile sig_atomic_t asked;    /* one was pardoned: nothing is to be waited for */

static bool stop_sending(void *context)
{
	sigset_t pending;

	(void)context;
	return asked || (!sigpending(&pending) &&
				(sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGHUP) == 1));
}

static int send_to(struct destinations *destinations, struct remote *remote, const struct export_view *view, bool say)
{
	const struct remote_options options = {
		.command = destinations->command, .say = say, .keep_unsent = destinations->keep_unsent,
		.stop = {.now = stop_sending},
	};

	return remote_send(remote, view, &options);
}

int destinations_write(struct destinations *destinations, const struct export_view *view, bool say)
{
	int first = 0, err;

	for (unsigned i = 0; i < destinations->n; i++) {
		err = write_file(destinations, &destinations->each[i], view, say);
		first = first ? first : err;
	}
	err = write_stats_file(destinations, view->trust, say);
	first = first ? first : err;
	asked = 0; /* an interrupt before that was not meant for this */
	for (unsigned i = 0; i < destinations->n_remotes; i++) {
		err = send_to(destinations, &destinations->remotes[i], view, say);
		first = first ? first : err;
	}
	return first;
}

static void forget(const char *temporary)
{
	if (temporary)
		unlink(temporary);
}

static void give_up(int signal)
{
	(void)signal;
	if (pardoned) {
		pardoned--;
		asked = 1;
		return;
	}
	for (unsigned i = 0; i < OUTPUTS_MAX; i++) {
		forget(interrupted->each[i].file.temporary);
		forget(interrupted->remotes[i].kept.temporary);
	}
	forget(interrupted->stats.temporary);
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
	for (unsigned i = 0; i < OUTPUTS_MAX; i++)
		remote_release(&destinations->remotes[i]);
	output_discard(&destinations->stats);
}
