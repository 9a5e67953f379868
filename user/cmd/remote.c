// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/remote.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "export/otlp.h"
#include "export/summary.h"
#include "send/curl_library.h"
#include "send/retry.h"
#include "send/sender.h"

#define MOST_NAMES 100 /* kept in one second */

struct teller { /* of waits */
	const struct remote *remote;
	const struct remote_options *options;
};

int remote_prepare(struct remote *remote, const char *name, struct fault *fault)
{
	struct endpoint endpoint;
	int err = endpoint_init(&endpoint, name, fault);

	if (err)
		return err;
	err = curl_library_check(endpoint.grpc, fault);
	if (err) {
		endpoint_release(&endpoint);
		return err;
	}
	*remote = (struct remote){.endpoint = endpoint};
	return 0;
}

static void tell_waits(void *context, const char *why)
{
	const struct teller *teller = context;

	fprintf(stderr, "profound %s: %s: %s; trying again, for %.3g s at most\n", teller->options->command,
		teller->remote->endpoint.shown, why,
		(double)retry_whole_ns(teller->remote->endpoint.timeout_ms) / (double)NS_PER_SECOND);
}

/* A name that is free, and what it takes to write it. */
static int prepare_kept(struct output *kept, char name[160], struct fault *fault)
{
	char host[65] = "host", extension[16] = ".otlp", made[128];

	gethostname(host, sizeof(host) - 1);
	for (int i = 2; i < MOST_NAMES; i++) {
		output_default_name(made, host, time(NULL), extension);
		if (access(made, F_OK))
			break;
		snprintf(extension, sizeof(extension), "-%d.otlp", i);
	}
	snprintf(name, 160, "%s", made);
	return output_prepare(kept, made, fault);
}

static int write_kept(struct output *kept, const struct export_view *view, const struct sending *sending,
	struct fault *fault)
{
	const struct otlp_samples samples = {sending->unsent, sending->n_unsent};
	struct wire wire = {0};
	int err = otlp_encode(view, samples, &wire);

	if (err)
		fault_set(fault, err, "out of memory");
	else
		err = output_open(kept, fault);
	if (!err) {
		fwrite(wire.data, 1, wire.len, kept->stream);
		err = output_commit(kept, fault);
	}
	wire_release(&wire);
	return err;
}

/* What became of the profile, as the end of the line that says why it was not sent. */
static void keep(struct remote *remote, const struct export_view *view, const struct sending *sending)
{
	struct fault fault = {""};
	char name[160];
	int err = prepare_kept(&remote->kept, name, &fault);

	if (!err)
		err = write_kept(&remote->kept, view, sending, &fault);
	output_discard(&remote->kept);
	if (err)
		fprintf(stderr, "; lost %" PRIu64 " samples, too: %s\n", sending->lost, fault.text);
	else
		fprintf(stderr, "; its %" PRIu64 " samples are in %s (profound report %s -o URL sends them)\n", sending->lost,
			name, name);
}

static void tell_failure(struct remote *remote, const struct export_view *view, const struct remote_options *options,
	const struct sending *sending, const struct fault *fault)
{
	fprintf(stderr, "profound %s: %s", options->command, fault->text);
	if (options->keep_unsent && sending->n_unsent)
		keep(remote, view, sending);
	else
		fprintf(stderr, "\n");
}

/* Accepted is not always accepted whole; there is nothing more to be done about it (OTLP, "Partial Success"). */
static void tell_remarks(const struct remote *remote, const struct remote_options *options,
	const struct sending *sending)
{
	const char *url = remote->endpoint.shown, *note = sending->note, *colon = *note ? ": " : "";

	if (sending->rejected)
		fprintf(stderr, "profound %s: %s rejected %" PRId64 " profile%s%s%s\n", options->command, url,
			sending->rejected, sending->rejected == 1 ? "" : "s", colon, note);
	else if (*note)
		fprintf(stderr, "profound %s: %s remarks: %s\n", options->command, url, note);
}

int remote_send(struct remote *remote, const struct export_view *view, const struct remote_options *options)
{
	struct teller teller = {remote, options};
	const struct sender sender = {
		.endpoint = &remote->endpoint, .view = view, .encode = otlp_encode, .stop = options->stop,
		.waits = options->say ? tell_waits : NULL, .context = &teller,
	};
	/* libcurl's TLS writes to sockets as to files. */
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction before;
	struct fault fault = {""};
	struct sending sending;
	int err;

	sigaction(SIGPIPE, &ignore, &before);
	err = sender_send(&sender, &sending, &fault);
	sigaction(SIGPIPE, &before, NULL);
	tell_remarks(remote, options, &sending);
	if (options->say && (!err || sending.requests))
		summary_print_sent(sending.sent, sending.requests, remote->endpoint.shown, stderr);
	if (err)
		tell_failure(remote, view, options, &sending, &fault);
	sending_release(&sending);
	return err;
}

void remote_release(struct remote *remote)
{
	endpoint_release(&remote->endpoint);
	output_discard(&remote->kept);
}
