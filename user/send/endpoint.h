/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where profiles are sent by OTLP, and how: what -o names, and what OTEL_EXPORTER_OTLP_* and OTEL_EXPORTER_OTLP_PROFILES_*
 * of the environment say (OpenTelemetry specification 1.60, protocol/exporter.md; the variable of the signal wins, an
 * empty one counts as unset).
 *
 * -o otlp+http://, otlp+https://, otlp+grpc://, otlp+grpcs:// is a base URL: /v1development/profiles is appended for
 * HTTP. -o otlp takes PROTOCOL (default http/protobuf) and ENDPOINT (default localhost, port 4318 or 4317 for gRPC)
 * from the environment, where OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT is used as it is. Everything else always comes from
 * there. No port in a URL is that of its scheme, 80 or 443.
 *
 * Other than the specification has it, a value that makes no sense is refused instead of ignored: a warning before
 * the start would be missed, and the profile with it. Without COMPRESSION gzip is used, which every receiver must take
 * (OTLP specification, "Protocol Details"): a fleet's network is dearer than its CPU, and profiles shrink to a half or less.
 */
#ifndef PROFOUND_ENDPOINT_H
#define PROFOUND_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

#define ENDPOINT_HTTP_PATH "/v1development/profiles"
#define ENDPOINT_GRPC_PATH "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export"
#define ENDPOINT_HEADERS 64
#define ENDPOINT_TIMEOUT_MS 10000

struct endpoint {
	bool grpc, tls, gzip;
	char *url;   /* http:// or https://, with path and credentials */
	char *shown; /* for people: without credentials */
	char *headers[ENDPOINT_HEADERS]; /* "name: value" */
	unsigned n_headers;
	uint64_t timeout_ms; /* of one request; 0: none */
	char *certificate, *client_certificate, *client_key; /* paths of PEM files; NULL: not given */
};

/* Whether an output is to be sent, by what it is called: "otlp", or otlp+SCHEME://. */
bool endpoint_is_one(const char *output);

/* What the argument alone shows. 0; -EINVAL with a fault that hints at what would be right. */
int endpoint_check(const char *output, struct fault *fault);

/* 0; -EINVAL: as above; -EBADMSG: a variable of the environment makes no sense; -ENOENT, -EACCES: a file that one
 * names cannot be read; -ENOMEM. The fault says which and what to do, never a header's value nor a password. */
int endpoint_init(struct endpoint *endpoint, const char *output, struct fault *fault);
void endpoint_release(struct endpoint *endpoint);

#endif
