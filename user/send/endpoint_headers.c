// SPDX-License-Identifier: GPL-2.0-or-later
#include "send/endpoint_headers.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

/* What we set ourselves, and what would end the message elsewhere than we say (RFC 9110, 9113; gRPC over HTTP2). */
static const char *const reserved[] = {
	"content-type", "content-length", "content-encoding", "transfer-encoding", "connection", "te", "host", "expect",
	"upgrade", "grpc-encoding", "grpc-accept-encoding", "grpc-timeout",
};

static const char *skip_spaces(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

static const char *drop_spaces(const char *at, const char *end)
{
	while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return end;
}

/* A token of RFC 9110, 5.6.2. */
static bool is_token(const char *at, const char *end)
{
	if (at == end)
		return false;
	for (; at < end; at++)
		if (!isalnum((unsigned char)*at) && !(*at && strchr("!#$%&'*+-.^_`|~", *at)))
			return false;
	return true;
}

/* Percent-decodes; false for what cannot stand in a header: a control character, half an escape. */
static bool decode(char *to, const char *at, const char *end)
{
	for (; at < end; at++) {
		int c = (unsigned char)*at;

		if (c == '%') {
			c = hex_escape(at, (size_t)(end - at));
			at += 2;
		}
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
		*to++ = (char)c;
	}
	*to = 0;
	return true;
}

static bool is_reserved(const char *name, size_t len)
{
	for (unsigned i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (strlen(reserved[i]) == len && !memcmp(name, reserved[i], len))
			return true;
	return false;
}

/* 0 and a new line; what is wrong with the pair is in *why. */
static int parse_pair(const char *at, const char *end, char **line, const char **why)
{
	const char *equals = memchr(at, '=', (size_t)(end - at)), *name_end, *value;
	size_t name_len;
	char *made;

	*why = "it is no NAME=VALUE";
	if (!equals)
		return -EBADMSG;
	name_end = drop_spaces(at, equals);
	name_len = (size_t)(name_end - at);
	*why = "its name is no name of a header";
	if (!is_token(at, name_end))
		return -EBADMSG;
	value = skip_spaces(equals + 1, end);
	made = malloc(name_len + 2 + (size_t)(end - value) + 1);
	*why = "no memory";
	if (!made)
		return -ENOMEM;
	for (size_t i = 0; i < name_len; i++)
		made[i] = (char)tolower((unsigned char)at[i]);
	*why = "that header is ours to set";
	if (is_reserved(made, name_len))
		goto bad;
	memcpy(made + name_len, ": ", 2);
	*why = "its value has a control character, or a % without two digits behind it";
	if (!decode(made + name_len + 2, value, end))
		goto bad;
	*line = made;
	return 0;
bad:
	free(made);
	return -EBADMSG;
}

int endpoint_headers_parse(const char *list, char **lines, unsigned most, unsigned *count, struct fault *fault)
{
	unsigned n = 0, pair = 0;
	const char *why = "there are too many";
	int err = 0;

	for (const char *at = list; !err && *at; at += *at == ',') {
		const char *end = at + strcspn(at, ","), *from = skip_spaces(at, end), *to = drop_spaces(from, end);

		pair++;
		if (from < to)
			err = n < most ? parse_pair(from, to, &lines[n], &why) : -EBADMSG;
		if (!err)
			n += from < to;
		at = end;
	}
	if (!err) {
		*count = n;
		return 0;
	}
	while (n)
		free(lines[--n]);
	return fault_set(fault, err, "pair %u of NAME=VALUE,NAME=VALUE: %s", pair, why);
}
