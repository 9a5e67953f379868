// SPDX-License-Identifier: GPL-2.0-or-later
#include "send/otlp_reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "export/gzip.h"

#define FRAME 5 /* bytes before a gRPC message: is it packed, its length */

static const char *const names[OTLP_HEADERS] = {
	[OTLP_CONTENT_TYPE] = "content-type",
	[OTLP_RETRY_AFTER] = "retry-after",
	[OTLP_GRPC_STATUS_HEADER] = "grpc-status",
	[OTLP_GRPC_MESSAGE] = "grpc-message",
	[OTLP_GRPC_DETAILS] = "grpc-status-details-bin",
};

void otlp_reply_clear(struct otlp_reply *reply)
{
	buf_clear(&reply->body);
	for (unsigned i = 0; i < OTLP_HEADERS; i++)
		buf_clear(&reply->headers[i]);
	reply->status = 0;
	reply->too_large = false;
}

void otlp_reply_release(struct otlp_reply *reply)
{
	buf_release(&reply->body);
	for (unsigned i = 0; i < OTLP_HEADERS; i++)
		buf_release(&reply->headers[i]);
	*reply = (struct otlp_reply){0};
}

/* "HTTP/1.1 200 OK", "HTTP/2 200". */
static bool is_status_line(const char *line, size_t len, unsigned *status)
{
	const char *space = len > 5 && !memcmp(line, "HTTP/", 5) ? memchr(line, ' ', len) : NULL;
	unsigned value = 0;

	if (!space || len - (size_t)(space - line) < 4)
		return false;
	for (unsigned i = 1; i < 4; i++) {
		if (space[i] < '0' || space[i] > '9')
			return false;
		value = value * 10 + (unsigned)(space[i] - '0');
	}
	*status = value;
	return true;
}

static void keep(struct buf *value, const char *text, size_t len)
{
	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r' || text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	while (len && (*text == ' ' || *text == '\t'))
		text++, len--;
	buf_clear(value);
	buf_append(value, text, len < OTLP_HEADER_MAX ? len : OTLP_HEADER_MAX);
}

void otlp_reply_add_header(struct otlp_reply *reply, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	unsigned status;

	if (is_status_line(line, len, &status)) {
		otlp_reply_clear(reply);
		reply->status = status;
		return;
	}
	for (unsigned i = 0; colon && i < OTLP_HEADERS; i++)
		if (strlen(names[i]) == (size_t)(colon - line) && !strncasecmp(names[i], line, strlen(names[i])))
			keep(&reply->headers[i], colon + 1, len - (size_t)(colon + 1 - line));
}

int otlp_reply_add_body(struct otlp_reply *reply, const char *data, size_t len)
{
	size_t room = OTLP_BODY_MAX - reply->body.len;
	int err = buf_append(&reply->body, data, len < room ? len : room);

	if (err)
		return err;
	reply->too_large = len > room;
	return reply->too_large ? -E2BIG : 0;
}

static bool is_success(unsigned status)
{
	return status / 100 == 2;
}

/* An error needs no body: a server may answer and hang up while the request still goes out. */
bool otlp_reply_decides(const struct otlp_reply *reply, bool grpc, bool whole)
{
	if (grpc && reply->headers[OTLP_GRPC_STATUS_HEADER].len)
		return true;
	if (reply->status >= 300)
		return true;
	return whole && is_success(reply->status);
}

/* A NUL-terminated copy, cut where it does not fit. */
static void copy(char *text, size_t size, const struct buf *value)
{
	size_t len = value->len < size - 1 ? value->len : size - 1;

	if (len)
		memcpy(text, value->data, len);
	text[len] = 0;
}

static bool has_type(const struct otlp_reply *reply, const char *type)
{
	const struct buf *value = &reply->headers[OTLP_CONTENT_TYPE];

	return value->len >= strlen(type) && !strncasecmp(value->data, type, strlen(type));
}

static void say(struct otlp_answer *answer, const char *text)
{
	otlp_answer_say(answer, text, strlen(text));
}

/* Of HTML nobody wants to see the tags. */
static void read_error_body(const struct otlp_reply *reply, struct otlp_answer *answer)
{
	const struct buf *body = &reply->body;

	if (has_type(reply, "application/x-protobuf"))
		otlp_answer_take_status(answer, body->data, body->len);
	else if (body->len && (has_type(reply, "text/plain") || has_type(reply, "application/json")))
		otlp_answer_say(answer, body->data, body->len);
}

static void not_understood(struct otlp_answer *answer)
{
	say(answer, "accepted, with an answer that is no ExportProfilesServiceResponse");
}

void otlp_reply_read_http(const struct otlp_reply *reply, int64_t now_unix_s, struct otlp_answer *answer)
{
	char after[64];

	answer->outcome = OTLP_HTTP_STATUS;
	answer->status = reply->status;
	if (!is_success(reply->status)) {
		read_error_body(reply, answer);
		copy(after, sizeof(after), &reply->headers[OTLP_RETRY_AFTER]);
		otlp_answer_retry_after(answer, after, now_unix_s);
	} else if (has_type(reply, "application/x-protobuf") ?
			otlp_answer_take_response(answer, reply->body.data, reply->body.len) : reply->body.len > 0) {
		not_understood(answer); /* a web page, say: it may be no receiver at all */
	}
}

/* A server answers packed what came packed (grpc-go does), whatever we say that we accept. */
static int take_packed(struct otlp_answer *answer, const uint8_t *data, size_t len)
{
	uint8_t *out = malloc(OTLP_BODY_MAX);
	size_t out_len;
	int err = out ? gzip_unpack(data, len, out, OTLP_BODY_MAX, &out_len) : -EBADMSG;

	if (!err)
		err = otlp_answer_take_response(answer, out, out_len);
	free(out);
	return err;
}

static void read_message(const struct buf *body, struct otlp_answer *answer)
{
	const uint8_t *data = (const uint8_t *)body->data;
	size_t len;
	int err;

	if (!body->len)
		return;
	if (body->len < FRAME || data[0] > 1)
		return not_understood(answer);
	len = (size_t)data[1] << 24 | (size_t)data[2] << 16 | (size_t)data[3] << 8 | data[4];
	if (len > body->len - FRAME)
		return not_understood(answer);
	err = data[0] ? take_packed(answer, data + FRAME, len) : otlp_answer_take_response(answer, data + FRAME, len);
	if (err)
		not_understood(answer);
}

void otlp_reply_read_grpc(const struct otlp_reply *reply, int64_t now_unix_s, struct otlp_answer *answer)
{
	const struct buf *said = &reply->headers[OTLP_GRPC_MESSAGE], *details = &reply->headers[OTLP_GRPC_DETAILS];
	uint64_t code;
	char status[16];

	copy(status, sizeof(status), &reply->headers[OTLP_GRPC_STATUS_HEADER]);
	if (!*status && !is_success(reply->status)) {
		otlp_reply_read_http(reply, now_unix_s, answer);
		return;
	}
	answer->outcome = OTLP_GRPC_STATUS;
	answer->status = GRPC_UNKNOWN;
	if (!number_decimal(status, &code) && code < 1000)
		answer->status = (unsigned)code;
	else
		say(answer, "no grpc-status: is it a gRPC server?");
	if (answer->status == GRPC_OK) {
		read_message(&reply->body, answer);
		return;
	}
	otlp_answer_take_details(answer, details->data, details->len);
	if (said->len)
		otlp_answer_say_encoded(answer, said->data, said->len);
}
