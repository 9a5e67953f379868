// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "send/endpoint.h"
#include "send/endpoint_headers.h"
#include "send/endpoint_url.h"

static struct endpoint endpoint;
static struct fault fault;

static const char *const variables[] = {"ENDPOINT", "PROTOCOL", "HEADERS", "TIMEOUT", "COMPRESSION", "INSECURE",
	"CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"};

static void set(const char *name, const char *value)
{
	char full[64] = "OTEL_EXPORTER_OTLP_";

	setenv(strcat(full, name), value, 1);
}

static int clear(void **state)
{
	char full[64];

	(void)state;
	for (unsigned i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		unsetenv(strcat(strcpy(full, "OTEL_EXPORTER_OTLP_"), variables[i]));
		unsetenv(strcat(strcpy(full, "OTEL_EXPORTER_OTLP_PROFILES_"), variables[i]));
	}
	endpoint_release(&endpoint);
	fault.text[0] = '\0';
	return 0;
}

static int init(const char *output)
{
	endpoint_release(&endpoint);
	return endpoint_init(&endpoint, output, &fault);
}

static void expect_url(const char *output, const char *url)
{
	assert_int_equal(init(output), 0);
	assert_string_equal(endpoint.url, url);
}

static void which_outputs_are_sent(void **state)
{
	(void)state;
	assert_true(endpoint_is_one("otlp"));
	assert_true(endpoint_is_one("otlp+http://h:1"));
	assert_true(endpoint_is_one("otlp+whatever://"));
	assert_false(endpoint_is_one("otlp.html"));
	assert_false(endpoint_is_one("./otlp"));
	assert_false(endpoint_is_one("otlp+http"));
	assert_false(endpoint_is_one("http://h"));
}

static void urls(void **state)
{
	(void)state;
	expect_url("otlp+http://h:4318", "http://h:4318/v1development/profiles");
	assert_false(endpoint.tls || endpoint.grpc);
	expect_url("otlp+https://h/", "https://h/v1development/profiles");
	assert_true(endpoint.tls);
	expect_url("otlp+http://[::1]:4318/a/b/", "http://[::1]:4318/a/b/v1development/profiles");
	expect_url("otlp+http://h/v1development/profiles", "http://h/v1development/profiles");
	expect_url("otlp+http://h:/x", "http://h:/x/v1development/profiles");
	expect_url("otlp+grpc://h:4317", "http://h:4317" ENDPOINT_GRPC_PATH);
	assert_true(endpoint.grpc && !endpoint.tls);
	expect_url("otlp+grpcs://h:4317/", "https://h:4317" ENDPOINT_GRPC_PATH);
	assert_true(endpoint.grpc && endpoint.tls);
}

static void credentials_are_not_shown(void **state)
{
	char shown[64];

	(void)state;
	expect_url("otlp+http://me:p@ss@h:1/x", "http://me:p@ss@h:1/x/v1development/profiles");
	assert_string_equal(endpoint.shown, "otlp+http://h:1/x");
	endpoint_url_show(shown, sizeof(shown), "https://key@h?token=1#a");
	assert_string_equal(shown, "https://h");
	endpoint_url_show(shown, sizeof(shown), "me:secret@h:1");
	assert_string_equal(shown, "h:1");
	endpoint_url_show(shown, sizeof(shown), "otlp+http://me:se/cret@h:1/x");
	assert_string_equal(shown, "otlp+http://h:1/x");
	endpoint_url_show(shown, sizeof(shown), "otlp+http://me:se#cret@h:1/x?y");
	assert_string_equal(shown, "otlp+http://h:1/x");
	endpoint_url_show(shown, sizeof(shown), "otlp+http://me:se?cr@et@h:1");
	assert_string_equal(shown, "otlp+http://h:1");
	endpoint_url_show(shown, sizeof(shown), "x.folded");
	assert_string_equal(shown, "x.folded");
}

static void defaults(void **state)
{
	(void)state;
	expect_url("otlp", "http://localhost:4318/v1development/profiles");
	assert_true(endpoint.gzip);
	assert_int_equal(endpoint.timeout_ms, 10000);
	assert_int_equal(endpoint.n_headers, 0);
	set("PROTOCOL", "gRPC");
	expect_url("otlp", "http://localhost:4317" ENDPOINT_GRPC_PATH);
	set("PROFILES_PROTOCOL", "http/protobuf");
	expect_url("otlp", "http://localhost:4318/v1development/profiles");
}

static void endpoints_of_the_environment(void **state)
{
	(void)state;
	set("ENDPOINT", "https://c.example/my/");
	expect_url("otlp", "https://c.example/my/v1development/profiles");
	assert_true(endpoint.tls);
	assert_string_equal(endpoint.shown, "https://c.example/my/");
	set("PROFILES_ENDPOINT", "http://h:1");
	expect_url("otlp", "http://h:1/");
	set("PROFILES_ENDPOINT", "http://h:1?x=y");
	expect_url("otlp", "http://h:1/?x=y");
	assert_string_equal(endpoint.shown, "http://h:1");
	set("PROFILES_ENDPOINT", "");
	expect_url("otlp", "https://c.example/my/v1development/profiles");
	expect_url("otlp+http://h:2", "http://h:2/v1development/profiles");
}

static void targets_of_grpc(void **state)
{
	(void)state;
	set("PROTOCOL", "grpc");
	set("ENDPOINT", "h:4317");
	expect_url("otlp", "https://h:4317" ENDPOINT_GRPC_PATH);
	set("INSECURE", "True");
	expect_url("otlp", "http://h:4317" ENDPOINT_GRPC_PATH);
	set("PROFILES_INSECURE", "false");
	expect_url("otlp", "https://h:4317" ENDPOINT_GRPC_PATH);
	set("ENDPOINT", "http://h:4317");
	expect_url("otlp", "http://h:4317" ENDPOINT_GRPC_PATH);
	set("ENDPOINT", "unix:///x");
	assert_int_equal(init("otlp"), -EBADMSG);
}

static void other_variables(void **state)
{
	(void)state;
	set("HEADERS", "a=1,b=2");
	set("TIMEOUT", "500");
	set("COMPRESSION", "gzip");
	set("PROFILES_COMPRESSION", "none");
	set("CERTIFICATE", "/etc/passwd");
	set("PROFILES_CLIENT_KEY", "/etc/hostname");
	assert_int_equal(init("otlp+https://h"), 0);
	assert_int_equal(endpoint.n_headers, 2);
	assert_string_equal(endpoint.headers[1], "b: 2");
	assert_int_equal(endpoint.timeout_ms, 500);
	assert_false(endpoint.gzip);
	assert_string_equal(endpoint.certificate, "/etc/passwd");
	assert_string_equal(endpoint.client_key, "/etc/hostname");
	assert_null(endpoint.client_certificate);
	set("CERTIFICATE", "/no/such");
	assert_int_equal(init("otlp+https://h"), -ENOENT);
	assert_int_equal(init("otlp+http://h"), 0);
}

static void what_is_refused(void **state)
{
	static const struct {
		const char *name, *value;
	} bad[] = {
		{"PROTOCOL", "http/json"}, {"ENDPOINT", "h:1"}, {"PROFILES_ENDPOINT", "ftp://h"}, {"ENDPOINT", "http://h?x"},
		{"TIMEOUT", "1.5"}, {"TIMEOUT", "99999999999"}, {"COMPRESSION", "zstd"}, {"HEADERS", "x"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		clear(NULL);
		set(bad[i].name, bad[i].value);
		assert_int_equal(init("otlp"), -EBADMSG);
		assert_non_null(strstr(fault.text, bad[i].name));
		assert_null(endpoint.url);
	}
	clear(NULL);
	assert_int_equal(init("otlp+ftp://h"), -EINVAL);
	assert_int_equal(endpoint_check("otlp+grpc://h/x", &fault), -EINVAL);
	assert_int_equal(endpoint_check("otlp", &fault), 0);
}

static void headers(void **state)
{
	static const struct {
		const char *list;
		int count; /* negative: the error */
		const char *first;
	} cases[] = {
		{"", 0, NULL}, {" , ,", 0, NULL}, {"A=b", 1, "a: b"}, {" x-y = a%2Cb ; c , z=1", 2, "x-y: a,b ; c"},
		{"a==b=", 1, "a: =b="}, {"a=", 1, "a: "}, {"a=%C3%BC", 1, "a: \u00fc"},
		{"a", -EBADMSG, NULL}, {"=b", -EBADMSG, NULL}, {"a b=c", -EBADMSG, NULL}, {"a:b=c", -EBADMSG, NULL},
		{"a=%0a", -EBADMSG, NULL}, {"a=%0", -EBADMSG, NULL}, {"a=%zz", -EBADMSG, NULL}, {"a=%00", -EBADMSG, NULL},
		{"a=1,Content-Type=x", -EBADMSG, NULL}, {"a=\n", -EBADMSG, NULL}, {"\xc3=1", -EBADMSG, NULL},
		{"1=1,2=2,3=3,4=4,5=5", -EBADMSG, NULL},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *lines[4];
		unsigned count = 0;
		int err = endpoint_headers_parse(cases[i].list, lines, 4, &count, &fault);

		assert_int_equal(err, cases[i].count < 0 ? cases[i].count : 0);
		assert_int_equal(count, cases[i].count < 0 ? 0 : cases[i].count);
		if (cases[i].first)
			assert_string_equal(lines[0], cases[i].first);
		while (count)
			free(lines[--count]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(which_outputs_are_sent, clear),
		cmocka_unit_test_setup(urls, clear),
		cmocka_unit_test_setup(credentials_are_not_shown, clear),
		cmocka_unit_test_setup(defaults, clear),
		cmocka_unit_test_setup(endpoints_of_the_environment, clear),
		cmocka_unit_test_setup(targets_of_grpc, clear),
		cmocka_unit_test_setup(other_variables, clear),
		cmocka_unit_test_setup(what_is_refused, clear),
		cmocka_unit_test_setup(headers, clear),
	};

	return cmocka_run_group_tests(tests, clear, clear);
}
