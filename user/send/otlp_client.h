/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sends one export request and takes the answer, by HTTP (POST of binary protobuf) or gRPC (a unary call over HTTP/2:
 * with prior knowledge, or by ALPN under TLS; grpc/grpc, doc/PROTOCOL-HTTP2.md). The connection is kept for the next
 * one. Redirects are not followed; of an answer 64 KiB are read, of its headers 8 KiB each.
 */
#ifndef PROFOUND_OTLP_CLIENT_H
#define PROFOUND_OTLP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "send/endpoint.h"
#include "send/otlp_answer.h"

struct otlp_client;

struct otlp_stop { /* asked while it waits for the network, at least once a second */
	bool (*now)(void *context); /* NULL: never */
	void *context;
};

/* Borrows the endpoint. 0 or a negative errno with the fault filled. */
int otlp_client_new(struct otlp_client **client, const struct endpoint *endpoint, struct otlp_stop stop,
	struct fault *fault);
void otlp_client_free(struct otlp_client *client);

/* `message`: an ExportProfilesServiceRequest. 0, and what became of it in *answer; -ENOMEM. */
int otlp_client_send(struct otlp_client *client, const void *message, size_t len, struct otlp_answer *answer);

#endif
