// SPDX-License-Identifier: GPL-2.0-or-later
/* What a receiver may answer. The first byte says by which protocol, and whether all of it came; then headers, one a
 * line, up to an empty line; the rest is the body. */
#include <stdlib.h>
#include <string.h>

#include "send/otlp_reply.h"
#include "send/retry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t feed_headers(struct otlp_reply *reply, const char *text, size_t size)
{
	size_t at = 0;

	while (at < size) {
		const char *end = memchr(text + at, '\n', size - at);
		size_t len = end ? (size_t)(end - text) + 1 - at : size - at;

		otlp_reply_add_header(reply, text + at, len);
		at += len;
		if (len == 1)
			break;
	}
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct otlp_reply reply = {0};
	struct otlp_answer answer = {0};
	struct retry retry = retry_begin(1, 10000);
	bool grpc = size && data[0] & 1, whole = size && data[0] & 2;
	uint64_t wait_ns;
	char text[512];
	size_t at;

	if (!size)
		return 0;
	at = 1 + feed_headers(&reply, (const char *)data + 1, size - 1);
	otlp_reply_add_body(&reply, (const char *)data + at, size - at);
	if (otlp_reply_decides(&reply, grpc, whole)) {
		if (grpc)
			otlp_reply_read_grpc(&reply, 784111760, &answer);
		else
			otlp_reply_read_http(&reply, 784111760, &answer);
		otlp_answer_describe(&answer, text, sizeof(text));
		if (strchr(text, '\n') || answer.rejected < 0 || strlen(answer.message) >= OTLP_MESSAGE_MAX)
			abort();
		if (retry_is_worth(&answer) && otlp_answer_is_success(&answer))
			abort();
		if (retry_next(&retry, &answer, 2, size, &wait_ns) && wait_ns > 60 * NS_PER_SECOND)
			abort();
	}
	otlp_reply_release(&reply);
	return 0;
}
