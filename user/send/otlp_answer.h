/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a receiver answered to one export request, hostile bytes all of it:
 *  - ExportProfilesServiceResponse (opentelemetry/proto/collector/profiles/v1development/profiles_service.proto, 1.10):
 *    partial_success 1 {rejected_profiles 1, error_message 2};
 *  - google.rpc.Status (google/rpc/status.proto): code 1, message 2, details 3 of google.protobuf.Any {type_url 1,
 *    value 2}, of which RetryInfo (google/rpc/error_details.proto: retry_delay 1 {seconds 1, nanos 2}) counts. The body
 *    of an HTTP error, or base64 in gRPC's grpc-status-details-bin;
 *  - gRPC's grpc-message, percent-encoded (gRPC over HTTP2, "Responses").
 */
#ifndef PROFOUND_OTLP_ANSWER_H
#define PROFOUND_OTLP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

#define OTLP_MESSAGE_MAX 240 /* bytes kept of what a server says, the NUL included */
#define OTLP_DELAY_MAX_S 86400

enum otlp_outcome {
	OTLP_NO_ANSWER,    /* no connection, or it broke: another try may work */
	OTLP_NOT_TRUSTED,  /* the receiver's certificate */
	OTLP_IMPOSSIBLE,   /* no try would work for other reasons */
	OTLP_STOPPED,      /* by ourselves */
	OTLP_HTTP_STATUS,  /* `status` is HTTP's */
	OTLP_GRPC_STATUS,  /* `status` is gRPC's */
};

enum grpc_status { /* grpc/grpc, doc/statuscodes.md */
	GRPC_OK, GRPC_CANCELLED, GRPC_UNKNOWN, GRPC_INVALID_ARGUMENT, GRPC_DEADLINE_EXCEEDED, GRPC_NOT_FOUND,
	GRPC_ALREADY_EXISTS, GRPC_PERMISSION_DENIED, GRPC_RESOURCE_EXHAUSTED, GRPC_FAILED_PRECONDITION, GRPC_ABORTED,
	GRPC_OUT_OF_RANGE, GRPC_UNIMPLEMENTED, GRPC_INTERNAL, GRPC_UNAVAILABLE, GRPC_DATA_LOSS, GRPC_UNAUTHENTICATED,
	GRPC_STATUSES
};

struct otlp_answer { /* a zeroed one: nothing was said */
	enum otlp_outcome outcome;
	unsigned status;
	int64_t rejected; /* profiles, of a request that was accepted otherwise */
	bool has_delay;   /* RetryInfo or Retry-After was there */
	uint64_t delay_ns; /* and asks for that; 0: for no time */
	char message[OTLP_MESSAGE_MAX]; /* one clean line; "" */
};

/* Accepted, if only in part. */
bool otlp_answer_is_success(const struct otlp_answer *answer);

/* Each fills in what it finds. 0; -EBADMSG: no such message, and the answer is as it was, but for the text. */
int otlp_answer_take_response(struct otlp_answer *answer, const void *data, size_t len);
int otlp_answer_take_status(struct otlp_answer *answer, const void *data, size_t len);
int otlp_answer_take_details(struct otlp_answer *answer, const char *base64, size_t len);

/* A text of the server, or ours: made one clean line, its end cut. */
void otlp_answer_say(struct otlp_answer *answer, const char *text, size_t len);
/* The same, percent-decoded where that is possible. */
void otlp_answer_say_encoded(struct otlp_answer *answer, const char *text, size_t len);

/* Retry-After (RFC 9110, 10.2.3): seconds, or a date in one of the forms of 5.6.7, which is compared with `now`. */
void otlp_answer_retry_after(struct otlp_answer *answer, const char *text, int64_t now_unix_s);

/* "HTTP 503: message; what to do" into text. */
void otlp_answer_describe(const struct otlp_answer *answer, char *text, size_t size);

#endif
