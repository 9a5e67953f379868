// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/wire.h"
#include "send/otlp_reply.h"

#define RETRY_INFO "type.googleapis.com/google.rpc.RetryInfo"

static struct otlp_answer answer;
static struct wire wire;

static int reset(void **state)
{
	(void)state;
	answer = (struct otlp_answer){0};
	wire_release(&wire);
	return 0;
}

static void put_partial(int64_t rejected, const char *message)
{
	size_t partial = wire_begin(&wire, 1);

	wire_uint(&wire, 1, (uint64_t)rejected);
	wire_text(&wire, 2, message);
	wire_end(&wire, partial);
}

/* A Status whose details are something unknown and a RetryInfo. */
static void put_status(const char *message, const char *type, uint64_t seconds, uint64_t nanos)
{
	size_t detail, value, delay;

	wire_uint(&wire, 1, 8);
	wire_text(&wire, 2, message);
	detail = wire_begin(&wire, 3);
	wire_text(&wire, 1, "type.googleapis.com/google.rpc.BadRequest");
	wire_text(&wire, 2, "\xff\xff\xff");
	wire_end(&wire, detail);
	detail = wire_begin(&wire, 3);
	wire_text(&wire, 1, type);
	value = wire_begin(&wire, 2);
	delay = wire_begin(&wire, 1);
	wire_uint(&wire, 1, seconds);
	wire_uint(&wire, 2, nanos);
	wire_end(&wire, delay);
	wire_end(&wire, value);
	wire_end(&wire, detail);
}

static int take_response(void)
{
	return otlp_answer_take_response(&answer, wire.data, wire.len);
}

static int take_status(void)
{
	return otlp_answer_take_status(&answer, wire.data, wire.len);
}

static void responses(void **state)
{
	(void)state;
	assert_int_equal(otlp_answer_take_response(&answer, NULL, 0), 0);
	assert_int_equal(otlp_answer_take_response(&answer, "\x0a\x00", 2), 0);
	assert_int_equal(answer.rejected, 0);
	assert_string_equal(answer.message, "");
	put_partial(3, "too old\n");
	assert_int_equal(take_response(), 0);
	assert_int_equal(answer.rejected, 3);
	assert_string_equal(answer.message, "too old");
}

static void what_is_no_response(void **state)
{
	static const char *const bad[] = {"\xff", "\x0a", "\x0a\x05x", "\x0b", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"\x0a\x02\x12\x05", "\x09x", "\x0dx"};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(otlp_answer_take_response(&answer, bad[i], strlen(bad[i])), -EBADMSG);
	put_partial(-1, "x");
	assert_int_equal(take_response(), -EBADMSG);
	assert_int_equal(answer.rejected, 0);
	assert_string_equal(answer.message, "");
}

static void statuses(void **state)
{
	(void)state;
	put_status("slow down", RETRY_INFO, 5, 250000000);
	assert_int_equal(take_status(), 0);
	assert_string_equal(answer.message, "slow down");
	assert_true(answer.has_delay);
	assert_int_equal(answer.delay_ns, 5250000000);
}

static void delays_out_of_range(void **state)
{
	(void)state;
	put_status("", RETRY_INFO, UINT64_MAX, 0);
	assert_int_equal(take_status(), 0);
	assert_true(answer.has_delay);
	assert_int_equal(answer.delay_ns, 0);
	wire_clear(&wire);
	put_status("", RETRY_INFO, INT64_MAX, 0);
	assert_int_equal(take_status(), 0);
	assert_int_equal(answer.delay_ns, OTLP_DELAY_MAX_S * NS_PER_SECOND);
	wire_clear(&wire);
	put_status("", RETRY_INFO, 1, 1000000000);
	assert_int_equal(take_status(), 0);
	assert_int_equal(answer.delay_ns, 0);
}

static void other_details(void **state)
{
	static const char *const types[] = {"type.googleapis.com/google.rpc.QuotaFailure", "google.rpc.RetryInfo",
		"x/xgoogle.rpc.RetryInfo", "x/google.rpc.RetryInfo2", ""};

	(void)state;
	for (unsigned i = 0; i < sizeof(types) / sizeof(*types); i++) {
		wire_clear(&wire);
		put_status("", types[i], 5, 0);
		assert_int_equal(take_status(), 0);
		assert_false(answer.has_delay);
	}
}

static void details_in_base64(void **state)
{
	/* {8, "", [Any{RetryInfo, {{2}}}]} */
	static const char text[] = "CAgaMAoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIECgIIAg";
	static const char *const bad[] = {"!", "CAg*", "CAga\x80", "Ggo"};

	(void)state;
	assert_int_equal(otlp_answer_take_details(&answer, text, strlen(text)), 0);
	assert_int_equal(answer.delay_ns, 2 * NS_PER_SECOND);
	answer = (struct otlp_answer){0};
	assert_int_equal(otlp_answer_take_details(&answer, "CAgaMA==", 8), -EBADMSG);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(otlp_answer_take_details(&answer, bad[i], strlen(bad[i])), -EBADMSG);
	assert_false(answer.has_delay);
	assert_int_equal(otlp_answer_take_details(&answer, "CAg=", 4), 0);
}

static void too_many_details(void **state)
{
	size_t len = 64 << 10;
	char *text = malloc(len);

	(void)state;
	assert_non_null(text);
	memset(text, 'A', len);
	assert_int_equal(otlp_answer_take_details(&answer, text, len), -EBADMSG);
	free(text);
}

static void messages_are_one_clean_line(void **state)
{
	char large[5000];

	(void)state;
	otlp_answer_say_encoded(&answer, "50%25 %C3%BC%0A%1b[31m %zz %4", 29);
	assert_string_equal(answer.message, "50% \u00fc  [31m %zz %4");
	memset(large, 'x', sizeof(large));
	memcpy(large + OTLP_MESSAGE_MAX - 2, "\u00fc", 2);
	otlp_answer_say(&answer, large, sizeof(large));
	assert_int_equal(strlen(answer.message), OTLP_MESSAGE_MAX - 2);
}

static void retry_after(void **state)
{
	static const struct {
		const char *text;
		bool there;
		uint64_t seconds;
	} cases[] = {
		{"0", true, 0}, {"120", true, 120}, {"99999999", true, OTLP_DELAY_MAX_S},
		{"Sun, 06 Nov 1994 08:49:37 GMT", true, 17}, {"Sunday, 06-Nov-94 08:49:37 GMT", true, 17},
		{"Sun Nov  6 08:49:37 1994", true, 17}, {"Sun, 06 Nov 1994 08:49:00 GMT", true, 0},
		{"", false, 0}, {"-1", false, 0}, {"1.5", false, 0}, {"soon", false, 0}, {"Sun, 06 Nov 1994", false, 0},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		answer = (struct otlp_answer){0};
		otlp_answer_retry_after(&answer, cases[i].text, 784111760);
		assert_int_equal(answer.has_delay, cases[i].there);
		assert_int_equal(answer.delay_ns, cases[i].seconds * NS_PER_SECOND);
	}
}

static void descriptions(void **state)
{
	char text[512];

	(void)state;
	answer = (struct otlp_answer){.outcome = OTLP_HTTP_STATUS, .status = 400, .message = "bad"};
	otlp_answer_describe(&answer, text, sizeof(text));
	assert_string_equal(text, "HTTP 400: bad");
	answer = (struct otlp_answer){.outcome = OTLP_GRPC_STATUS, .status = GRPC_UNAUTHENTICATED};
	otlp_answer_describe(&answer, text, sizeof(text));
	assert_string_equal(text, "gRPC UNAUTHENTICATED; give credentials in OTEL_EXPORTER_OTLP_HEADERS");
	answer.status = 99;
	otlp_answer_describe(&answer, text, sizeof(text));
	assert_string_equal(text, "gRPC status 99");
}

static struct otlp_reply reply;

static void feed(const char *const *lines)
{
	for (; *lines; lines++)
		otlp_reply_add_header(&reply, *lines, strlen(*lines));
}

#define FEED(...) feed((const char *const[]){__VA_ARGS__, NULL})

static void replies_of_grpc(void **state)
{
	static const char packed[] = /* the same response by gzip */
		"\x01\x00\x00\x00\x18\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xe3\x62\xe2\x60\x07\x00\xbd\xf4\xc0\x1b\x04\x00\x00\x00";

	(void)state;
	FEED("HTTP/2 200\r\n", "content-type: application/grpc\r\n", "\r\n");
	assert_int_equal(otlp_reply_add_body(&reply, "\0\0\0\0\x04\x0a\x02\x08\x07", 9), 0);
	assert_false(otlp_reply_decides(&reply, true, false));
	FEED("Grpc-Status:  0 \r\n");
	assert_true(otlp_reply_decides(&reply, true, false));
	otlp_reply_read_grpc(&reply, 0, &answer);
	assert_true(otlp_answer_is_success(&answer));
	assert_int_equal(answer.rejected, 7);
	FEED("HTTP/2 200 \r\n", "grpc-status: 0\r\n");
	answer = (struct otlp_answer){0};
	assert_int_equal(otlp_reply_add_body(&reply, packed, sizeof(packed) - 1), 0);
	otlp_reply_read_grpc(&reply, 0, &answer);
	assert_int_equal(answer.rejected, 7);
	FEED("HTTP/2 200 \r\n", "grpc-status: 0\r\n");
	assert_int_equal(otlp_reply_add_body(&reply, packed, sizeof(packed) - 2), 0);
	otlp_reply_read_grpc(&reply, 0, &answer);
	assert_non_null(strstr(answer.message, "no ExportProfilesServiceResponse"));
	FEED("HTTP/2 200 \r\n", "grpc-status: 14\r\n", "grpc-message: not%20now\r\n");
	otlp_reply_read_grpc(&reply, 0, &answer);
	assert_int_equal(answer.status, GRPC_UNAVAILABLE);
	assert_string_equal(answer.message, "not now");
	FEED("HTTP/2 200 \r\n", "grpc-status: x\r\n");
	otlp_reply_read_grpc(&reply, 0, &answer);
	assert_int_equal(answer.status, GRPC_UNKNOWN);
	FEED("HTTP/1.1 503 Busy\r\n", "Retry-After: 3\r\n");
	assert_true(otlp_reply_decides(&reply, true, false));
	otlp_reply_read_grpc(&reply, 0, &answer);
	assert_int_equal(answer.outcome, OTLP_HTTP_STATUS);
	assert_int_equal(answer.delay_ns, 3 * NS_PER_SECOND);
	otlp_reply_release(&reply);
}

static void replies_of_http(void **state)
{
	static char large[OTLP_BODY_MAX];

	(void)state;
	assert_false(otlp_reply_decides(&reply, false, false));
	FEED("HTTP/1.1 100 Continue\r\n", "\r\n", "HTTP/1.1 200 OK\r\n", "x: y\r\n");
	assert_false(otlp_reply_decides(&reply, false, false));
	assert_true(otlp_reply_decides(&reply, false, true));
	assert_int_equal(otlp_reply_add_body(&reply, large, sizeof(large)), 0);
	assert_int_equal(otlp_reply_add_body(&reply, large, 1), -E2BIG);
	assert_true(reply.too_large);
	assert_int_equal(reply.body.len, OTLP_BODY_MAX);
	FEED("HTTP/1.1 404 Nothing\r\n", "Content-Type: text/plain; charset=utf-8\r\n");
	assert_int_equal(otlp_reply_add_body(&reply, "404 page not found\n", 19), 0);
	assert_true(otlp_reply_decides(&reply, false, false));
	otlp_reply_read_http(&reply, 0, &answer);
	assert_string_equal(answer.message, "404 page not found");
	assert_false(otlp_answer_is_success(&answer));
	otlp_reply_release(&reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(responses, reset),
		cmocka_unit_test_setup(what_is_no_response, reset),
		cmocka_unit_test_setup(statuses, reset),
		cmocka_unit_test_setup(delays_out_of_range, reset),
		cmocka_unit_test_setup(other_details, reset),
		cmocka_unit_test_setup(details_in_base64, reset),
		cmocka_unit_test_setup(too_many_details, reset),
		cmocka_unit_test_setup(messages_are_one_clean_line, reset),
		cmocka_unit_test_setup(retry_after, reset),
		cmocka_unit_test_setup(descriptions, reset),
		cmocka_unit_test_setup(replies_of_grpc, reset),
		cmocka_unit_test_setup(replies_of_http, reset),
	};

	return cmocka_run_group_tests(tests, NULL, reset);
}
