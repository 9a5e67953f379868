// SPDX-License-Identifier: GPL-2.0-or-later
#include "send/otlp_answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/number.h"
#include "base/text.h"
#include "base/wire_reader.h"

#define RETRY_INFO "google.rpc.RetryInfo" /* what follows the last slash of its type URL */
#define DETAILS_MAX 8192                  /* bytes of decoded details: gRPC's limit for all headers together */
#define SAID_MAX 4096                     /* bytes of a text that are looked at */

bool otlp_answer_is_success(const struct otlp_answer *answer)
{
	if (answer->outcome == OTLP_GRPC_STATUS)
		return answer->status == GRPC_OK;
	return answer->outcome == OTLP_HTTP_STATUS && answer->status / 100 == 2;
}

void otlp_answer_say(struct otlp_answer *answer, const char *text, size_t len)
{
	struct buf clean = {0};
	size_t keep;

	if (text_clean(&clean, text, len < SAID_MAX ? len : SAID_MAX)) {
		buf_release(&clean);
		return;
	}
	while (clean.len && clean.data[clean.len - 1] == ' ')
		clean.len--;
	keep = clean.len < OTLP_MESSAGE_MAX ? clean.len : OTLP_MESSAGE_MAX - 1;
	if (keep < clean.len)
		while (keep && ((uint8_t)clean.data[keep] & 0xc0) == 0x80)
			keep--;
	if (keep)
		memcpy(answer->message, clean.data, keep);
	answer->message[keep] = 0;
	buf_release(&clean);
}

void otlp_answer_say_encoded(struct otlp_answer *answer, const char *text, size_t len)
{
	char decoded[SAID_MAX];
	size_t n = 0;

	for (size_t i = 0; i < len && n < sizeof(decoded); i++) {
		int escaped = hex_escape(text + i, len - i);

		decoded[n++] = escaped < 0 ? text[i] : (char)escaped;
		i += escaped < 0 ? 0 : 2;
	}
	otlp_answer_say(answer, decoded, n);
}

static struct wire_reader reader_of(const struct wire_field *field)
{
	return wire_reader_over(field->data, field->len);
}

static bool take_partial(struct otlp_answer *answer, struct wire_reader reader)
{
	struct wire_field field;

	while (wire_reader_next(&reader, &field)) {
		if (wire_field_is(&field, 1, WIRE_VARINT))
			answer->rejected = (int64_t)field.value;
		if (wire_field_is(&field, 2, WIRE_BYTES))
			otlp_answer_say(answer, (const char *)field.data, field.len);
	}
	return !reader.cursor.bad;
}

int otlp_answer_take_response(struct otlp_answer *answer, const void *data, size_t len)
{
	struct wire_reader reader = wire_reader_over(data, len);
	struct otlp_answer taken = *answer;
	struct wire_field field;
	bool good = true;

	while (good && wire_reader_next(&reader, &field))
		if (wire_field_is(&field, 1, WIRE_BYTES))
			good = take_partial(&taken, reader_of(&field));
	if (reader.cursor.bad || !good || taken.rejected < 0)
		return -EBADMSG;
	*answer = taken;
	return 0;
}

/* google.protobuf.Duration; a negative one asks for no time. */
static bool take_duration(struct otlp_answer *answer, struct wire_reader reader)
{
	int64_t seconds = 0, nanos = 0;
	struct wire_field field;

	while (wire_reader_next(&reader, &field)) {
		if (wire_field_is(&field, 1, WIRE_VARINT))
			seconds = (int64_t)field.value;
		if (wire_field_is(&field, 2, WIRE_VARINT))
			nanos = (int64_t)field.value;
	}
	if (seconds > OTLP_DELAY_MAX_S)
		seconds = OTLP_DELAY_MAX_S;
	answer->has_delay = true;
	answer->delay_ns = 0;
	if (seconds >= 0 && nanos >= 0 && nanos < (int64_t)NS_PER_SECOND)
		answer->delay_ns = (uint64_t)seconds * NS_PER_SECOND + (uint64_t)nanos;
	return !reader.cursor.bad;
}

static bool take_retry_info(struct otlp_answer *answer, struct wire_reader reader)
{
	struct wire_field field;
	bool good = true;

	answer->has_delay = true;
	while (good && wire_reader_next(&reader, &field))
		if (wire_field_is(&field, 1, WIRE_BYTES))
			good = take_duration(answer, reader_of(&field));
	return good && !reader.cursor.bad;
}

static bool is_retry_info(const struct wire_field *url)
{
	const uint8_t *end = url->data + url->len;
	size_t len = strlen(RETRY_INFO);

	return url->len > len && end[-(ptrdiff_t)len - 1] == '/' && !memcmp(end - len, RETRY_INFO, len);
}

static bool take_detail(struct otlp_answer *answer, struct wire_reader reader)
{
	struct wire_reader value = wire_reader_over("", 0);
	struct wire_field field;
	bool wanted = false;

	while (wire_reader_next(&reader, &field)) {
		if (wire_field_is(&field, 1, WIRE_BYTES))
			wanted = is_retry_info(&field);
		if (wire_field_is(&field, 2, WIRE_BYTES))
			value = reader_of(&field);
	}
	return !reader.cursor.bad && (!wanted || take_retry_info(answer, value));
}

int otlp_answer_take_status(struct otlp_answer *answer, const void *data, size_t len)
{
	struct wire_reader reader = wire_reader_over(data, len);
	struct otlp_answer taken = *answer;
	struct wire_field field;
	bool good = true;

	while (good && wire_reader_next(&reader, &field)) {
		if (wire_field_is(&field, 2, WIRE_BYTES))
			otlp_answer_say(&taken, (const char *)field.data, field.len);
		if (wire_field_is(&field, 3, WIRE_BYTES))
			good = take_detail(&taken, reader_of(&field));
	}
	if (reader.cursor.bad || !good)
		return -EBADMSG;
	*answer = taken;
	return 0;
}

static int sextet(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

int otlp_answer_take_details(struct otlp_answer *answer, const char *base64, size_t len)
{
	uint8_t data[DETAILS_MAX];
	size_t n = 0;
	uint32_t bits = 0;
	unsigned held = 0;

	while (len && base64[len - 1] == '=')
		len--;
	for (size_t i = 0; i < len; i++) {
		int value = sextet(base64[i]);

		if (value < 0 || n == sizeof(data))
			return -EBADMSG;
		bits = bits << 6 | (uint32_t)value;
		held += 6;
		if (held >= 8) {
			held -= 8;
			data[n++] = (uint8_t)(bits >> held);
		}
	}
	return otlp_answer_take_status(answer, data, n);
}

/* Names of days and months are English whatever the locale of this process; it never calls setlocale(). */
static bool parse_date(const char *text, int64_t *unix_s)
{
	static const char *const forms[] = {
		"%a, %d %b %Y %H:%M:%S GMT", /* IMF-fixdate */
		"%A, %d-%b-%y %H:%M:%S GMT", /* RFC 850 */
		"%a %b %d %H:%M:%S %Y",      /* asctime() */
	};

	for (unsigned i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct tm time = {0};
		const char *end = strptime(text, forms[i], &time);

		if (end && !*end) {
			*unix_s = timegm(&time);
			return true;
		}
	}
	return false;
}

void otlp_answer_retry_after(struct otlp_answer *answer, const char *text, int64_t now_unix_s)
{
	uint64_t seconds;
	int64_t date;

	if (number_decimal(text, &seconds)) {
		if (!parse_date(text, &date))
			return;
		seconds = date > now_unix_s ? (uint64_t)(date - now_unix_s) : 0;
	}
	answer->has_delay = true;
	answer->delay_ns = (seconds < OTLP_DELAY_MAX_S ? seconds : OTLP_DELAY_MAX_S) * NS_PER_SECOND;
}

static const char *const grpc_names[GRPC_STATUSES] = {
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
	"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
	"INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
};

#define NO_PROFILES "it takes no profiles there: a Collector needs a profiles pipeline, Pyroscope has to be newer than 1.12"

static const struct advice {
	enum otlp_outcome outcome;
	unsigned status;
	const char *text;
} advices[] = {
	{OTLP_HTTP_STATUS, 401, "give credentials in OTEL_EXPORTER_OTLP_HEADERS"},
	{OTLP_HTTP_STATUS, 403, "give credentials in OTEL_EXPORTER_OTLP_HEADERS"},
	{OTLP_HTTP_STATUS, 404, NO_PROFILES},
	{OTLP_HTTP_STATUS, 405, NO_PROFILES},
	{OTLP_HTTP_STATUS, 413, "raise the receiver's limit to 4 MiB or more"},
	{OTLP_HTTP_STATUS, 415, "is it an OTLP receiver? OTEL_EXPORTER_OTLP_COMPRESSION=none sends without gzip"},
	{OTLP_GRPC_STATUS, GRPC_UNAUTHENTICATED, "give credentials in OTEL_EXPORTER_OTLP_HEADERS"},
	{OTLP_GRPC_STATUS, GRPC_PERMISSION_DENIED, "give credentials in OTEL_EXPORTER_OTLP_HEADERS"},
	{OTLP_GRPC_STATUS, GRPC_UNIMPLEMENTED, NO_PROFILES},
	{OTLP_GRPC_STATUS, GRPC_RESOURCE_EXHAUSTED, "raise the receiver's limits"},
};

static const char *advice_for(const struct otlp_answer *answer)
{
	for (unsigned i = 0; i < sizeof(advices) / sizeof(*advices); i++)
		if (advices[i].outcome == answer->outcome && advices[i].status == answer->status)
			return advices[i].text;
	if (answer->outcome == OTLP_NO_ANSWER)
		return "is the name right, and does a receiver of this protocol listen there?";
	if (answer->outcome == OTLP_IMPOSSIBLE)
		return "is it another protocol's port? Usual are 4318 for HTTP, 4317 for gRPC";
	if (answer->outcome == OTLP_NOT_TRUSTED)
		return "OTEL_EXPORTER_OTLP_CERTIFICATE names a file of the CAs to trust";
	if (answer->outcome == OTLP_HTTP_STATUS && answer->status / 100 == 3)
		return "redirects are not followed: name the right URL";
	return NULL;
}

void otlp_answer_describe(const struct otlp_answer *answer, char *text, size_t size)
{
	const char *advice = advice_for(answer), *name = NULL;
	char status[48] = "";

	if (answer->outcome == OTLP_GRPC_STATUS && answer->status < GRPC_STATUSES)
		name = grpc_names[answer->status];
	if (name)
		snprintf(status, sizeof(status), "gRPC %s", name);
	else if (answer->outcome == OTLP_GRPC_STATUS)
		snprintf(status, sizeof(status), "gRPC status %u", answer->status);
	else if (answer->outcome == OTLP_HTTP_STATUS)
		snprintf(status, sizeof(status), "HTTP %u", answer->status);
	snprintf(text, size, "%s%s%s%s%s", status, *status && *answer->message ? ": " : "", answer->message,
		advice ? "; " : "", advice ? advice : "");
}
