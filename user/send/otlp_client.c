// SPDX-License-Identifier: GPL-2.0-or-later
#include "send/otlp_client.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "send/curl_library.h"
#include "export/gzip.h"
#include "send/otlp_reply.h"

#define FRAME 5 /* bytes before a gRPC message: is it compressed, its length */
#define USER_AGENT "profound/" PROFOUND_VERSION

struct otlp_client {
	struct curl_library library;
	CURL *curl;
	struct curl_slist *headers;
	const struct endpoint *endpoint;
	struct otlp_stop stop;
	struct wire body; /* of the request, where it is not the message itself */
	struct otlp_reply reply;
	char error[CURL_ERROR_SIZE];
};

static size_t take_body(char *data, size_t size, size_t n, void *context)
{
	struct otlp_client *client = context;

	return otlp_reply_add_body(&client->reply, data, size * n) ? 0 : size * n;
}

static size_t take_header(char *data, size_t size, size_t n, void *context)
{
	struct otlp_client *client = context;

	otlp_reply_add_header(&client->reply, data, size * n);
	return size * n;
}

static int is_stopped(void *context, curl_off_t down_whole, curl_off_t down, curl_off_t up_whole, curl_off_t up)
{
	struct otlp_client *client = context;

	(void)down_whole, (void)down, (void)up_whole, (void)up;
	return client->stop.now && client->stop.now(client->stop.context);
}

static int add_header(struct otlp_client *client, const char *line)
{
	size_t len = strlen(line);
	char *empty = NULL;
	struct curl_slist *list;

	/* CURLOPT_HTTPHEADER(3): a header without a value is written with a semicolon. */
	if (len > 2 && !strcmp(line + len - 2, ": ") && asprintf(&empty, "%.*s;", (int)len - 2, line) < 0)
		return -ENOMEM;
	list = client->library.slist_append(client->headers, empty ? empty : line);
	free(empty);
	if (!list)
		return -ENOMEM;
	client->headers = list;
	return 0;
}

/* "" and "X:" keep libcurl from sending headers of its own. */
static int set_headers(struct otlp_client *client)
{
	const struct endpoint *endpoint = client->endpoint;
	char timeout[48] = "";
	const char *own[] = {
		"Expect:", "Accept:",
		endpoint->grpc ? "Content-Type: application/grpc" : "Content-Type: application/x-protobuf",
		endpoint->grpc ? "te: trailers" : "",
		!endpoint->gzip ? "" : endpoint->grpc ? "grpc-encoding: gzip" : "Content-Encoding: gzip",
		timeout,
	};
	int err = 0;

	/* At most eight digits; a longer time is no limit worth telling. */
	if (endpoint->grpc && endpoint->timeout_ms && endpoint->timeout_ms < 100000000)
		snprintf(timeout, sizeof(timeout), "grpc-timeout: %um", (unsigned)endpoint->timeout_ms);
	for (unsigned i = 0; !err && i < sizeof(own) / sizeof(*own); i++)
		err = *own[i] ? add_header(client, own[i]) : 0;
	for (unsigned i = 0; !err && i < endpoint->n_headers; i++)
		err = add_header(client, endpoint->headers[i]);
	return err;
}

static long http_version(const struct endpoint *endpoint)
{
	if (!endpoint->grpc)
		return CURL_HTTP_VERSION_1_1;
	return endpoint->tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
}

static CURLcode set_text(struct otlp_client *client, CURLoption option, const char *text)
{
	return text ? client->library.easy_setopt(client->curl, option, text) : CURLE_OK;
}

static CURLcode set_long(struct otlp_client *client, CURLoption option, long value)
{
	return client->library.easy_setopt(client->curl, option, value);
}

static CURLcode set_callbacks(struct otlp_client *client)
{
	CURLcode (*set)(CURL *, CURLoption, ...) = client->library.easy_setopt;
	CURL *curl = client->curl;
	CURLcode code = set(curl, CURLOPT_WRITEFUNCTION, take_body);

	code = code ? code : set(curl, CURLOPT_WRITEDATA, client);
	code = code ? code : set(curl, CURLOPT_HEADERFUNCTION, take_header);
	code = code ? code : set(curl, CURLOPT_HEADERDATA, client);
	code = code ? code : set(curl, CURLOPT_XFERINFOFUNCTION, is_stopped);
	code = code ? code : set(curl, CURLOPT_XFERINFODATA, client);
	code = code ? code : set_long(client, CURLOPT_NOPROGRESS, 0);
	return code ? code : set(curl, CURLOPT_ERRORBUFFER, client->error);
}

/* Before 8.0, libcurl begins HTTP/2 a second time on a connection of prior knowledge (curl issue 10634, Debian 12). */
static bool cannot_reuse(const struct otlp_client *client)
{
	return client->endpoint->grpc && !client->endpoint->tls &&
	       client->library.version_info(CURLVERSION_NOW)->version_num < 0x080000;
}

static CURLcode set_options(struct otlp_client *client)
{
	const struct endpoint *endpoint = client->endpoint;
	const struct {
		CURLoption option;
		const char *text;
	} texts[] = {
		{CURLOPT_URL, endpoint->url},
		{CURLOPT_USERAGENT, USER_AGENT},
		{CURLOPT_CAINFO, endpoint->certificate},
		{CURLOPT_SSLCERT, endpoint->client_certificate},
		{CURLOPT_SSLKEY, endpoint->client_key},
	};
	CURLcode code = set_callbacks(client);

	for (unsigned i = 0; !code && i < sizeof(texts) / sizeof(*texts); i++)
		code = set_text(client, texts[i].option, texts[i].text);
	code = code ? code : set_long(client, CURLOPT_POST, 1);
	code = code ? code : set_long(client, CURLOPT_NOSIGNAL, 1);
	code = code ? code : set_long(client, CURLOPT_FRESH_CONNECT, cannot_reuse(client));
	code = code ? code : set_long(client, CURLOPT_HTTP_VERSION, http_version(endpoint));
	code = code ? code : set_long(client, CURLOPT_TIMEOUT_MS, (long)endpoint->timeout_ms);
	code = code ? code : set_long(client, CURLOPT_CONNECTTIMEOUT_MS, (long)endpoint->timeout_ms);
	return code ? code : client->library.easy_setopt(client->curl, CURLOPT_HTTPHEADER, client->headers);
}

int otlp_client_new(struct otlp_client **out, const struct endpoint *endpoint, struct otlp_stop stop,
	struct fault *fault)
{
	struct otlp_client *client = calloc(1, sizeof(*client));
	CURLcode code;
	int err;

	if (!client)
		return fault_set(fault, -ENOMEM, "cannot send to %s: out of memory", endpoint->shown);
	client->endpoint = endpoint;
	client->stop = stop;
	err = curl_library_load(&client->library, endpoint->grpc, fault);
	if (err)
		goto fail;
	client->library.global_init(CURL_GLOBAL_DEFAULT);
	client->curl = client->library.easy_init();
	err = client->curl ? set_headers(client) : -ENOMEM;
	if (err) {
		fault_set(fault, err, "cannot send to %s: out of memory", endpoint->shown);
		goto fail;
	}
	code = set_options(client);
	if (!code) {
		*out = client;
		return 0;
	}
	err = fault_set(fault, -ENOTSUP, "cannot send to %s: %s", endpoint->shown, client->library.easy_strerror(code));
fail:
	otlp_client_free(client);
	return err;
}

/* libcurl stays loaded: what it set up once for the process (its TLS library) cannot be taken back. */
void otlp_client_free(struct otlp_client *client)
{
	if (!client)
		return;
	if (client->curl)
		client->library.easy_cleanup(client->curl);
	if (client->headers)
		client->library.slist_free_all(client->headers);
	wire_release(&client->body);
	otlp_reply_release(&client->reply);
	free(client);
}

/* Sets the frame's place aside, and fills it in when the message behind it has its length. */
static int make_frame(struct otlp_client *client, const void *message, size_t len)
{
	struct wire *body = &client->body;
	size_t size;
	int err = 0;

	if (!wire_reserve(body, FRAME + len))
		return -ENOMEM;
	body->len = FRAME;
	if (client->endpoint->gzip) {
		err = gzip_append(body, message, len);
	} else {
		memcpy(body->data + FRAME, message, len);
		body->len += len;
	}
	size = body->len - FRAME;
	body->data[0] = client->endpoint->gzip;
	for (unsigned i = 1; i < FRAME; i++)
		body->data[i] = (uint8_t)(size >> 8 * (FRAME - 1 - i));
	return err;
}

/* What goes over the wire. */
static int make_body(struct otlp_client *client, const void *message, size_t len, const void **data, size_t *size)
{
	int err;

	if (!client->endpoint->grpc && !client->endpoint->gzip) {
		*data = message;
		*size = len;
		return 0;
	}
	wire_clear(&client->body);
	err = client->endpoint->grpc ? make_frame(client, message, len) : gzip_append(&client->body, message, len);
	*data = client->body.data;
	*size = client->body.len;
	return err;
}

/* Errors after which another try may work; OTLP: "cannot connect", "disconnects without returning a response". */
static bool may_work_later(CURLcode code)
{
	static const CURLcode later[] = {
		CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_PARTIAL_FILE,
		CURLE_OPERATION_TIMEDOUT, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_HTTP2,
		CURLE_HTTP2_STREAM,
	};

	for (unsigned i = 0; i < sizeof(later) / sizeof(*later); i++)
		if (later[i] == code)
			return true;
	return false;
}

static void explain(struct otlp_client *client, CURLcode code, struct otlp_answer *answer)
{
	const char *why = *client->error ? client->error : client->library.easy_strerror(code);

	answer->outcome = code == CURLE_ABORTED_BY_CALLBACK     ? OTLP_STOPPED
			: code == CURLE_PEER_FAILED_VERIFICATION ? OTLP_NOT_TRUSTED
			: may_work_later(code)                   ? OTLP_NO_ANSWER
								 : OTLP_IMPOSSIBLE;
	if (client->reply.too_large)
		why = "an answer of more than 64 KiB, which is none of OTLP";
	otlp_answer_say(answer, why, strlen(why));
}

int otlp_client_send(struct otlp_client *client, const void *message, size_t len, struct otlp_answer *answer)
{
	const void *data;
	size_t size;
	CURLcode code;
	int err = make_body(client, message, len, &data, &size);

	if (err)
		return err;
	*answer = (struct otlp_answer){0};
	client->error[0] = '\0';
	otlp_reply_clear(&client->reply);
	code = client->library.easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
	code = code ? code : client->library.easy_setopt(client->curl, CURLOPT_POSTFIELDS, data);
	code = code ? code : client->library.easy_perform(client->curl);
	if (!otlp_reply_decides(&client->reply, client->endpoint->grpc, !code))
		explain(client, code, answer);
	else if (client->endpoint->grpc)
		otlp_reply_read_grpc(&client->reply, time(NULL), answer);
	else
		otlp_reply_read_http(&client->reply, time(NULL), answer);
	return 0;
}
