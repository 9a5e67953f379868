// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/wire.h"
#include "process/process_context.h"

static void put_string(struct wire *wire, const char *key, const char *value)
{
	size_t pair = wire_begin(wire, 1), any;

	wire_text(wire, 1, key);
	any = wire_begin(wire, 2);
	wire_text(wire, 1, value);
	wire_end(wire, any);
	wire_end(wire, pair);
}

static void put_number(struct wire *wire, const char *key, unsigned field, uint64_t value)
{
	size_t pair = wire_begin(wire, 1), any;

	wire_text(wire, 1, key);
	any = wire_begin(wire, 2);
	wire_tag(wire, field, WIRE_VARINT);
	wire_varint(wire, value);
	wire_end(wire, any);
	wire_end(wire, pair);
}

/* A ProcessContext whose service has this name, and what else there can be in one. */
static void make(struct wire *wire, const char *name)
{
	size_t resource, other;

	wire_fixed64(wire, 9, 7); /* fields of later versions */
	wire_uint(wire, 10, 300);
	resource = wire_begin(wire, 1);
	put_string(wire, "process.command_line", "shop --password=secret");
	put_string(wire, "service.name", name);
	put_number(wire, "service.instance.id", 3, 7);
	put_number(wire, "service.negative", 3, (uint64_t)-1);
	put_number(wire, "service.primary", 2, 1);
	put_string(wire, "service.empty", "");
	wire_bytes(wire, 3, "entity", 6);
	wire_end(wire, resource);
	other = wire_begin(wire, 2);
	wire_text(wire, 1, "service.name");
	wire_end(wire, other);
	assert_false(wire->failed);
}

#define STATED "service.name=shop%20%C3%A9,service.instance.id=7,service.negative=-1,service.primary=true"

static void expect(const struct buf *text, const char *expected)
{
	assert_int_equal(text->len, strlen(expected));
	assert_memory_equal(text->data, expected, text->len);
}

static void test_parse(void **state)
{
	struct wire wire = {0};
	struct buf text = {0};

	(void)state;
	make(&wire, "shop \xc3\xa9");
	assert_int_equal(process_context_parse(wire.data, wire.len, &text), 0);
	expect(&text, STATED);
	buf_clear(&text);
	assert_int_equal(process_context_parse(wire.data, 0, &text), 0);
	expect(&text, "");
	/* Cut anywhere inside of a field it is none; never more is read than is there. */
	for (size_t len = 1; len < wire.len; len++) {
		uint8_t *part = memcpy(malloc(len), wire.data, len);
		int err;

		buf_clear(&text);
		err = process_context_parse(part, len, &text);
		assert_true(err == -EBADMSG || len == 9 || len == 12 || len == wire.len - 16);
		free(part);
	}
	buf_release(&text);
	wire_release(&wire);
}

static void test_nonsense(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} messages[] = {
		{"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11}, /* a length of 2^64 - 1 */
		{"\x0a\x02\x0a\x05", 4},                              /* reaches out of its message */
		{"\x0b", 1}, {"\x0f", 1},                             /* groups, and types that there are none of */
		{"\x0a\x80", 2}, {"\x80", 1},
		{"\x0a\x08\x0a\x06\x0a\x01x\x12\x02\x0a", 10},
	};
	struct buf text = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++)
		assert_int_equal(
			process_context_parse((const uint8_t *)messages[i].bytes, messages[i].len, &text), -EBADMSG);
	assert_int_equal(text.len, 0);
	buf_release(&text);
}

static void test_names(void **state)
{
	(void)state;
	assert_true(process_context_is_at("/memfd:OTEL_CTX"));
	assert_true(process_context_is_at("[anon_shmem:OTEL_CTX]"));
	assert_true(process_context_is_at("[anon:OTEL_CTX]"));
	assert_false(process_context_is_at("/tmp/memfd:OTEL_CTX"));
	assert_false(process_context_is_at("[anon:OTEL_CT]"));
	assert_false(process_context_is_at(""));
}

struct header {
	char signature[8];
	uint32_t version, payload_size;
	uint64_t published_at_ns, payload;
};

struct published {
	struct header *header;
	uint8_t *payload;
	int dir;
};

static void publish(struct published *published, const struct wire *wire)
{
	struct header header = {.version = 2, .payload_size = (uint32_t)wire->len, .published_at_ns = 1};

	memcpy(header.signature, "OTEL_CTX", 8);
	published->header = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	published->payload =
		mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(published->payload + 4000, wire->data, wire->len); /* over a page's end */
	header.payload = (uintptr_t)published->payload + 4000;
	*published->header = header;
	published->dir = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int read_it(const struct published *published, struct buf *text)
{
	return process_context_read(published->dir, (uintptr_t)published->header, text);
}

/* Our own memory serves as anybody's. */
static void test_read(void **state)
{
	struct published published;
	struct header good;
	struct wire wire = {0};
	struct buf text = {0};

	(void)state;
	make(&wire, "shop \xc3\xa9");
	publish(&published, &wire);
	good = *published.header;
	assert_int_equal(read_it(&published, &text), 0);
	expect(&text, STATED);
	for (int what = 0; what < 9; what++) {
		struct header *header = published.header;

		*header = good;
		switch (what) {
		case 0: header->signature[7] = 'Y'; break;
		case 1: header->version = 3; break;
		case 2: header->payload_size = 0; break;
		case 3: header->payload_size = PROCESS_CONTEXT_MAX + 1; break;
		case 4: header->published_at_ns = 0; break;
		case 5: header->payload = UINT64_MAX - 3; break;
		case 6: header->payload = 16; break;
		case 7: header->payload = 1ull << 62; break;
		case 8: header->payload_size = PROCESS_CONTEXT_MAX; break; /* pages that were never touched */
		}
		assert_int_equal(read_it(&published, &text), -ENODATA);
	}
	*published.header = good;
	published.header->payload_size--;
	assert_int_equal(read_it(&published, &text), -EBADMSG);
	expect(&text, STATED); /* nothing was appended */
	munmap(published.header, 4096);
	assert_int_equal(read_it(&published, &text), -ENODATA);
	munmap(published.payload, 1 << 20);
	close(published.dir);
	buf_release(&text);
	wire_release(&wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse), cmocka_unit_test(test_nonsense), cmocka_unit_test(test_names),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests_name("process_context", tests, NULL, NULL);
}
