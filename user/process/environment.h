/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process's environment, as it was when its program began (proc_pid_environ(5)), says of the service that it is:
 * OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES (OpenTelemetry specification 1.57, configuration/sdk-environment-
 * variables.md and resource/sdk.md): the first goes before service.name in the second, of which all is discarded if a
 * part is invalid; empty is not set. No other variable is ever kept. The text is hostile, and streamed.
 *
 * The kernel reads anonymous memory alone for it (7f7ccc2ccc2e, Linux 4.17), so that no server of a file system can hold
 * us up.
 */
#ifndef PROFOUND_ENVIRONMENT_H
#define PROFOUND_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define ENVIRONMENT_MAX (256u << 10) /* what is read of it at most */
#define ENVIRONMENT_VALUES 2

struct environment_value {
	struct buf text;
	bool set; /* of several variables of a name the first counts, as for getenv(3) */
};

/* A zeroed struct is at the start of an environment. */
struct environment {
	struct environment_value values[ENVIRONMENT_VALUES];
	size_t at;        /* bytes of the current variable that were seen */
	unsigned matches; /* bits: of whose names what was seen is the beginning */
};

/* Takes the next part of "NAME=value\0NAME=value\0...". 0 or -ENOMEM. */
int environment_feed(struct environment *environment, const char *data, size_t len);
/* Appends what was said, as stated.h has it, once all was fed. 0 or -ENOMEM. */
int environment_state(const struct environment *environment, struct buf *text);
void environment_release(struct environment *environment);

/* The same of the process whose directory in /proc this is. 0, also when nothing was said; or a negative errno. */
int environment_read(int proc_dir, struct buf *text);

#endif
