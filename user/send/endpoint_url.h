/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The URL of an OTLP receiver, taken apart: scheme://[user[:password]@]host[:port][/path][?query] (RFC 3986). Only
 * what the text alone shows is checked; whether the host exists is for the connection to find out.
 */
#ifndef PROFOUND_ENDPOINT_URL_H
#define PROFOUND_ENDPOINT_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"

#define ENDPOINT_URL_MAX 2048 /* bytes, the NUL included */
#define ENDPOINT_PREFIX "otlp+"

struct endpoint_url { /* parts point into the text; none is NUL-terminated */
	const char *authority; /* with user and password */
	size_t authority_len;
	const char *path; /* from its slash on, without the query; "" when there is none */
	size_t path_len;
	const char *query; /* from its question mark on; "" when there is none */
};

/* Takes apart what follows "://". 0; -EINVAL with a fault that names the text without its credentials. */
int endpoint_url_parse(struct endpoint_url *url, const char *text, struct fault *fault);

/* The text for people, as much as fits: no user, no password, no query, and nothing before
 * the last @, wherever it is. Fine for what is no URL, too. */
void endpoint_url_show(char *shown, size_t size, const char *text);

#endif
