/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OTEL_EXPORTER_OTLP_HEADERS: "name=value,name=value" as in W3C Baggage (header content), values percent-decoded,
 * spaces around names and values dropped, no properties. Secrets are in there: no fault quotes it.
 */
#ifndef PROFOUND_ENDPOINT_HEADERS_H
#define PROFOUND_ENDPOINT_HEADERS_H

#include "base/fault.h"

/*
 * Lines "name: value" into lines[0..most), to be freed one by one; *count of them. Names are in lower case, as HTTP/2
 * wants them. 0; -EBADMSG, with a fault that says which of the pairs is bad and why; -ENOMEM. Nothing is held then.
 */
int endpoint_headers_parse(const char *list, char **lines, unsigned most, unsigned *count, struct fault *fault);

#endif
