/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of one HTTP response as they come in, with caps on all of them, and what they mean: by HTTP, or by gRPC,
 * whose grpc-status stands in the headers or in the trailers (grpc/grpc, doc/PROTOCOL-HTTP2.md, "Responses").
 */
#ifndef PROFOUND_OTLP_REPLY_H
#define PROFOUND_OTLP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "send/otlp_answer.h"

#define OTLP_BODY_MAX (64 << 10)
#define OTLP_HEADER_MAX 8192 /* bytes of a value; of a longer one the beginning counts */

enum otlp_header {
	OTLP_CONTENT_TYPE, OTLP_RETRY_AFTER, OTLP_GRPC_STATUS_HEADER, OTLP_GRPC_MESSAGE, OTLP_GRPC_DETAILS, OTLP_HEADERS
};

struct otlp_reply { /* a zeroed one is empty */
	unsigned status; /* HTTP's; 0: there was none yet */
	struct buf body;
	struct buf headers[OTLP_HEADERS]; /* values; empty: was not there */
	bool too_large;
};

void otlp_reply_clear(struct otlp_reply *reply);
void otlp_reply_release(struct otlp_reply *reply);

/* One line with its end; a status line begins the response anew. */
void otlp_reply_add_header(struct otlp_reply *reply, const char *line, size_t len);
/* 0; -E2BIG: more than the cap, and too_large is set; -ENOMEM. */
int otlp_reply_add_body(struct otlp_reply *reply, const char *data, size_t len);

/* Whether it says how the request ended, however the transfer did: `whole`, or broken on the way. */
bool otlp_reply_decides(const struct otlp_reply *reply, bool grpc, bool whole);

void otlp_reply_read_http(const struct otlp_reply *reply, int64_t now_unix_s, struct otlp_answer *answer);
void otlp_reply_read_grpc(const struct otlp_reply *reply, int64_t now_unix_s, struct otlp_answer *answer);

#endif
