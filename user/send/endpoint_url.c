// SPDX-License-Identifier: GPL-2.0-or-later
#include "send/endpoint_url.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

#define MOST_PORT 65535

/* The last @ of the authority ends user and password. */
static const char *host_of(const char *authority, size_t len)
{
	const char *at = memrchr(authority, '@', len);

	return at ? at + 1 : authority;
}

void endpoint_url_show(char *shown, size_t size, const char *text)
{
	const char *colon = strstr(text, "://"), *authority = colon ? colon + 3 : text;
	const char *last = strrchr(authority, '@');
	size_t len = strcspn(authority, "/?#");
	const char *host = host_of(authority, len), *end;

	/* A password with a slash, ? or # in it ends the authority too early: what stands before an @ may be part of it. */
	if (last > authority + len)
		host = last + 1;
	end = host + strcspn(host, "?#");
	snprintf(shown, size, "%.*s%.*s", (int)(authority - text), text, (int)(end - host), host);
}

static int refuse(const char *text, const char *why, struct fault *fault)
{
	char shown[256];

	endpoint_url_show(shown, sizeof(shown), text);
	return fault_set(fault, -EINVAL, "'%s': %s", shown, why);
}

/* No spaces, no controls, nothing beyond ASCII: these are to be percent-encoded, and a line break would end a header. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static bool good_port(const char *text, size_t len)
{
	char digits[8];
	uint64_t port;

	if (!len)
		return true; /* RFC 3986, 3.2.3: the scheme's own */
	if (len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	digits[len] = 0;
	return !number_decimal(digits, &port) && port && port <= MOST_PORT;
}

/* What is wrong with host[:port]; NULL: nothing. */
static const char *wrong_host(const char *host, size_t len)
{
	const char *port = host[0] == '[' ? memchr(host, ']', len) : host;

	if (!port)
		return "the bracket before an IPv6 address has no other one behind it";
	if (host[0] != '[' && memchr(host, ':', len) != memrchr(host, ':', len))
		return "an IPv6 address stands in brackets: [::1]:4318";
	port = memchr(port, ':', len - (size_t)(port - host));
	if (!len || port == host)
		return "no host in it: write it like otlp+http://localhost:4318";
	if (port && !good_port(port + 1, len - (size_t)(port + 1 - host)))
		return "a port is a number from 1 to 65535";
	return NULL;
}

int endpoint_url_parse(struct endpoint_url *out, const char *text, struct fault *fault)
{
	const char *authority = strstr(text, "://");
	struct endpoint_url url;
	const char *host, *wrong;

	if (strlen(text) >= ENDPOINT_URL_MAX)
		return fault_set(fault, -EINVAL, "a URL of %zu bytes: at most %d", strlen(text), ENDPOINT_URL_MAX - 1);
	if (!authority)
		return refuse(text, "no URL: write it like http://localhost:4318", fault);
	if (!is_plain(text))
		return refuse(text, "spaces and what is not ASCII are written %XX in a URL", fault);
	if (strchr(text, '#'))
		return refuse(text, "nothing after a # reaches a server", fault);
	url.authority = authority + 3;
	url.authority_len = strcspn(url.authority, "/?");
	url.path = url.authority + url.authority_len;
	url.path_len = strcspn(url.path, "?");
	url.query = url.path + url.path_len;
	host = host_of(url.authority, url.authority_len);
	wrong = wrong_host(host, (size_t)(url.path - host));
	if (wrong)
		return refuse(text, wrong, fault);
	*out = url;
	return 0;
}
