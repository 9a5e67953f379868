/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An output that is sent by OTLP. What cannot be sent is kept in a file, so that nothing collected is lost. */
#ifndef PROFOUND_REMOTE_H
#define PROFOUND_REMOTE_H

#include <stdbool.h>

#include "base/fault.h"
#include "export/exporter.h"
#include "export/output.h"
#include "send/endpoint.h"
#include "send/otlp_client.h"

struct remote { /* a zeroed one is none */
	struct endpoint endpoint;
	struct output kept;
};

struct remote_options {
	const char *command; /* whose messages these are */
	bool say;            /* a line when it was sent, and one when it has to be tried again */
	bool keep_unsent;    /* what was not accepted is written to profound-HOST-TIME.otlp in the current directory */
	struct otlp_stop stop;
};

/* Checks all that can be without a connection. 0 or a negative errno with the fault filled. */
int remote_prepare(struct remote *remote, const char *name, struct fault *fault);

/* 0; or a negative errno, and why was said on stderr. So is what a receiver remarks or rejects of what it took. */
int remote_send(struct remote *remote, const struct export_view *view, const struct remote_options *options);

void remote_release(struct remote *remote);

#endif
