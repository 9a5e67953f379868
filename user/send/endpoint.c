// SPDX-License-Identifier: GPL-2.0-or-later
#include "send/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/nearest.h"
#include "base/number.h"
#include "send/endpoint_headers.h"
#include "send/endpoint_url.h"

#define MOST_TIMEOUT_MS (24ULL * 3600 * 1000)
#define VARIABLE "OTEL_EXPORTER_OTLP_"
#define SIGNAL "PROFILES_"

static const struct scheme {
	const char *name;
	bool grpc, tls;
} schemes[] = {
	{"otlp+http", false, false},
	{"otlp+https", false, true},
	{"otlp+grpc", true, false},
	{"otlp+grpcs", true, true},
};

#define SCHEMES (sizeof(schemes) / sizeof(*schemes))

bool endpoint_is_one(const char *output)
{
	return !strcmp(output, "otlp") ||
	       (!strncmp(output, ENDPOINT_PREFIX, strlen(ENDPOINT_PREFIX)) && strstr(output, "://"));
}

static const struct scheme *scheme_of(const char *output)
{
	size_t len = (size_t)(strstr(output, "://") - output);

	for (unsigned i = 0; i < SCHEMES; i++)
		if (strlen(schemes[i].name) == len && !memcmp(schemes[i].name, output, len))
			return &schemes[i];
	return NULL;
}

static int unknown_scheme(const char *output, struct fault *fault)
{
	const char *names[SCHEMES];
	char word[64], hint[96];

	snprintf(word, sizeof(word), "%.*s", (int)(strstr(output, "://") - output), output);
	for (unsigned i = 0; i < SCHEMES; i++)
		names[i] = schemes[i].name;
	nearest_hint(hint, sizeof(hint), "", nearest_word(word, names, SCHEMES));
	return fault_set(fault, -EINVAL, "unknown scheme '%s'%s (known: otlp+http, otlp+https, otlp+grpc, otlp+grpcs)",
		word, hint);
}

/* What cannot follow the host of a base URL, nor of a gRPC server. */
static int refuse_rest(const struct endpoint_url *url, const char *text, bool grpc, struct fault *fault)
{
	char shown[256];

	endpoint_url_show(shown, sizeof(shown), text);
	if (grpc && (url->path_len > 1 || *url->query))
		return fault_set(fault, -EINVAL, "'%s': gRPC has a path of its own; leave out what follows the port", shown);
	if (*url->query)
		return fault_set(fault, -EINVAL, "'%s': a base URL has no query: the path is appended to it", shown);
	return 0;
}

int endpoint_check(const char *output, struct fault *fault)
{
	struct endpoint_url url;
	const struct scheme *scheme;
	int err;

	if (!strcmp(output, "otlp"))
		return 0;
	scheme = scheme_of(output);
	if (!scheme)
		return unknown_scheme(output, fault);
	err = endpoint_url_parse(&url, output, fault);
	return err ? err : refuse_rest(&url, output, scheme->grpc, fault);
}

/* A variable of the signal, else the one for all; *name is its own. NULL: neither has a value. */
static const char *variable(const char *what, char name[64])
{
	const char *value;

	snprintf(name, 64, VARIABLE SIGNAL "%s", what);
	value = getenv(name);
	if (value && *value)
		return value;
	snprintf(name, 64, VARIABLE "%s", what);
	value = getenv(name);
	return value && *value ? value : NULL;
}

static bool ends_in(const char *text, size_t len, const char *end)
{
	size_t end_len = strlen(end);

	return len >= end_len && !memcmp(text + len - end_len, end, end_len);
}

/* The URL that is asked for; NULL: no memory. */
static char *make_url(const struct endpoint *endpoint, const struct endpoint_url *url, bool as_it_is)
{
	const char *rest = endpoint->grpc ? ENDPOINT_GRPC_PATH : ENDPOINT_HTTP_PATH, *slash = "";
	size_t len = endpoint->grpc ? 0 : url->path_len;
	char *made;

	if (as_it_is) {
		slash = len ? "" : "/";
		rest = url->query;
	} else if (ends_in(url->path, len, rest)) {
		rest = "";
	} else if (len && url->path[len - 1] == '/') {
		len--;
	}
	if (asprintf(&made, "http%s://%.*s%.*s%s%s", endpoint->tls ? "s" : "", (int)url->authority_len, url->authority,
		    (int)len, url->path, slash, rest) < 0)
		return NULL;
	return made;
}

static int set_url(struct endpoint *endpoint, const char *text, bool as_it_is, struct fault *fault)
{
	char shown[ENDPOINT_URL_MAX];
	struct endpoint_url url;
	int err = endpoint_url_parse(&url, text, fault);

	if (!err && (endpoint->grpc || !as_it_is))
		err = refuse_rest(&url, text, endpoint->grpc, fault);
	if (err)
		return err;
	endpoint_url_show(shown, sizeof(shown), text);
	endpoint->url = make_url(endpoint, &url, as_it_is && !endpoint->grpc);
	endpoint->shown = strdup(shown);
	if (!endpoint->url || !endpoint->shown)
		return fault_set(fault, -ENOMEM, "'%s': out of memory", shown);
	return 0;
}

/* A fault of a variable's value, with its name before it. */
static int blame(const char *name, int err, const struct fault *inner, struct fault *fault)
{
	return fault_set(fault, err == -EINVAL ? -EBADMSG : err, "%s: %s", name, inner->text);
}

static int set_protocol(struct endpoint *endpoint, struct fault *fault)
{
	char name[64];
	const char *value = variable("PROTOCOL", name);

	if (!value || !strcasecmp(value, "http/protobuf"))
		return 0;
	endpoint->grpc = !strcasecmp(value, "grpc");
	if (endpoint->grpc)
		return 0;
	return fault_set(fault, -EBADMSG, "%s: '%s' is not spoken here: http/protobuf or grpc", name, value);
}

/* gRPC's host:port without a scheme, where INSECURE decides. */
static int set_target(struct endpoint *endpoint, const char *target, struct fault *fault)
{
	char name[64], url[ENDPOINT_URL_MAX];
	const char *insecure = variable("INSECURE", name);

	if (insecure && strcasecmp(insecure, "true") && strcasecmp(insecure, "false"))
		return fault_set(fault, -EBADMSG, "%s: '%s' is neither true nor false", name, insecure);
	endpoint->tls = !insecure || strcasecmp(insecure, "true") != 0;
	if ((size_t)snprintf(url, sizeof(url), "%s://%s", endpoint->tls ? "https" : "http", target) >= sizeof(url))
		return fault_set(fault, -EINVAL, "a target of %zu bytes", strlen(target));
	return set_url(endpoint, url, false, fault);
}

static int set_url_of_environment(struct endpoint *endpoint, struct fault *fault)
{
	char name[64], shown[256];
	const char *value = variable("ENDPOINT", name);
	bool as_it_is = value && strstr(name, SIGNAL);
	struct fault inner = {""};
	int err;

	if (!value)
		return set_url(endpoint, endpoint->grpc ? "http://localhost:4317" : "http://localhost:4318", false, fault);
	endpoint->tls = !strncasecmp(value, "https://", 8);
	endpoint_url_show(shown, sizeof(shown), value);
	if (endpoint->tls || !strncasecmp(value, "http://", 7))
		err = set_url(endpoint, value, as_it_is, &inner);
	else if (endpoint->grpc && !strstr(value, "://"))
		err = set_target(endpoint, value, &inner);
	else
		err = fault_set(&inner, -EINVAL, "'%s' begins neither with http:// nor https://", shown);
	return err ? blame(name, err, &inner, fault) : 0;
}

static int set_headers(struct endpoint *endpoint, struct fault *fault)
{
	char name[64];
	const char *value = variable("HEADERS", name);
	struct fault inner = {""};
	int err = value ? endpoint_headers_parse(value, endpoint->headers, ENDPOINT_HEADERS, &endpoint->n_headers, &inner)
			: 0;

	return err ? blame(name, err, &inner, fault) : 0;
}

static int set_timeout(struct endpoint *endpoint, struct fault *fault)
{
	char name[64];
	const char *value = variable("TIMEOUT", name);

	endpoint->timeout_ms = ENDPOINT_TIMEOUT_MS;
	if (!value)
		return 0;
	if (number_decimal(value, &endpoint->timeout_ms) || endpoint->timeout_ms > MOST_TIMEOUT_MS)
		return fault_set(fault, -EBADMSG, "%s: '%s' is no number of milliseconds, such as 10000", name, value);
	return 0;
}

static int set_compression(struct endpoint *endpoint, struct fault *fault)
{
	char name[64];
	const char *value = variable("COMPRESSION", name);

	endpoint->gzip = !value || !strcasecmp(value, "gzip");
	if (endpoint->gzip || !strcasecmp(value, "none"))
		return 0;
	return fault_set(fault, -EBADMSG, "%s: '%s' is neither gzip nor none", name, value);
}

static int set_file(char **path, const char *what, struct fault *fault)
{
	char name[64];
	const char *value = variable(what, name);

	if (!value)
		return 0;
	if (access(value, R_OK))
		return fault_set(fault, -errno, "%s: cannot read '%s': %s", name, value, strerror(errno));
	*path = strdup(value);
	return *path ? 0 : fault_set(fault, -ENOMEM, "%s: out of memory", name);
}

static int set_files(struct endpoint *endpoint, struct fault *fault)
{
	int err = set_file(&endpoint->certificate, "CERTIFICATE", fault);

	if (!err)
		err = set_file(&endpoint->client_certificate, "CLIENT_CERTIFICATE", fault);
	if (!err)
		err = set_file(&endpoint->client_key, "CLIENT_KEY", fault);
	return err;
}

static int set_target_of(struct endpoint *endpoint, const char *output, struct fault *fault)
{
	const struct scheme *scheme;
	int err;

	if (!strcmp(output, "otlp")) {
		err = set_protocol(endpoint, fault);
		return err ? err : set_url_of_environment(endpoint, fault);
	}
	scheme = scheme_of(output);
	if (!scheme)
		return unknown_scheme(output, fault);
	endpoint->grpc = scheme->grpc;
	endpoint->tls = scheme->tls;
	return set_url(endpoint, output, false, fault);
}

int endpoint_init(struct endpoint *out, const char *output, struct fault *fault)
{
	struct endpoint endpoint = {0};
	int err = set_target_of(&endpoint, output, fault);

	if (!err)
		err = set_headers(&endpoint, fault);
	if (!err)
		err = set_timeout(&endpoint, fault);
	if (!err)
		err = set_compression(&endpoint, fault);
	if (!err && endpoint.tls)
		err = set_files(&endpoint, fault);
	if (err) {
		endpoint_release(&endpoint);
		return err;
	}
	*out = endpoint;
	return 0;
}

void endpoint_release(struct endpoint *endpoint)
{
	free(endpoint->url);
	free(endpoint->shown);
	while (endpoint->n_headers)
		free(endpoint->headers[--endpoint->n_headers]);
	free(endpoint->certificate);
	free(endpoint->client_certificate);
	free(endpoint->client_key);
	*endpoint = (struct endpoint){0};
}
