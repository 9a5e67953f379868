// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes by hand, from the encoding's description (protobuf.dev/programming-guides/encoding). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"

static void expect(struct wire *wire, const char *bytes, size_t len)
{
	assert_false(wire->failed);
	assert_int_equal(wire->len, len);
	assert_memory_equal(wire->data, bytes, len);
	wire_release(wire);
}

#define EXPECT(wire, bytes) expect(wire, bytes, sizeof(bytes) - 1)

static void scalars(void **state)
{
	struct wire wire = {0};

	(void)state;
	wire_uint(&wire, 1, 150);
	wire_uint(&wire, 2, 0);
	wire_uint(&wire, 16, UINT64_MAX);
	wire_fixed64(&wire, 3, 0x0102030405060708);
	wire_fixed64(&wire, 4, 0);
	EXPECT(&wire, "\x08\x96\x01"
		      "\x80\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
		      "\x19\x08\x07\x06\x05\x04\x03\x02\x01");
}

static void bytes_and_text(void **state)
{
	struct wire wire = {0};

	(void)state;
	wire_text(&wire, 2, "testing");
	wire_text(&wire, 3, "");
	wire_bytes(&wire, 4, "\0\1", 2);
	wire_bytes(&wire, 5, NULL, 0);
	EXPECT(&wire, "\x12\x07testing\x22\x02\0\x01");
}

static void members_of_a_oneof_are_there_when_they_are_nothing(void **state)
{
	struct wire wire = {0};

	(void)state;
	wire_oneof_uint(&wire, 3, 0);
	wire_oneof_double(&wire, 4, 0);
	wire_oneof_double(&wire, 4, 1);
	wire_oneof_bytes(&wire, 1, NULL, 0);
	EXPECT(&wire, "\x18\x00"
		      "\x21\0\0\0\0\0\0\0\0"
		      "\x21\0\0\0\0\0\0\xf0\x3f"
		      "\x0a\x00");
}

static void packed_values(void **state)
{
	struct wire wire = {0};

	(void)state;
	wire_packed(&wire, 6, (uint32_t[]){3, 270, 86942}, 3);
	wire_packed(&wire, 7, NULL, 0);
	EXPECT(&wire, "\x32\x06\x03\x8e\x02\x9e\xa7\x05");
}

static void a_message_is_empty_or_holds_messages(void **state)
{
	struct wire wire = {0};
	size_t outer, inner;

	(void)state;
	outer = wire_begin(&wire, 1);
	inner = wire_begin(&wire, 2);
	wire_end(&wire, inner);
	inner = wire_begin(&wire, 3);
	wire_uint(&wire, 1, 1);
	wire_end(&wire, inner);
	wire_end(&wire, outer);
	EXPECT(&wire, "\x0a\x06\x12\x00\x1a\x02\x08\x01");
}

/* Whatever was expected, the length is as short as it can be. */
static void lengths_are_minimal(void **state)
{
	static const size_t sizes[] = {0, 1, 127, 128, 16383, 16384, 2097151, 2097152};
	const size_t n = sizeof(sizes) / sizeof(*sizes);
	uint8_t *content = malloc(sizes[n - 1]);

	(void)state;
	assert_non_null(content);
	for (size_t i = 0; i < sizes[n - 1]; i++)
		content[i] = (uint8_t)(i * 7 + 1);
	for (size_t i = 0; i < n * n; i++) {
		size_t len = sizes[i / n], expected = sizes[i % n], begun;
		struct wire wire = {0}, whole = {0};

		wire_uint(&wire, 1, 5);
		begun = wire_begin_sized(&wire, 2, expected);
		assert_true(wire_reserve(&wire, len));
		memcpy(wire.data + wire.len, content, len);
		wire.len += len;
		wire_end(&wire, begun);
		wire_uint(&whole, 1, 5);
		wire_oneof_bytes(&whole, 2, content, len);
		expect(&wire, (const char *)whole.data, whole.len);
		wire_release(&whole);
	}
	free(content);
}

static void no_memory_stays_set(void **state)
{
	struct wire wire = {0};

	(void)state;
	assert_false(wire_reserve(&wire, SIZE_MAX / 2));
	wire_uint(&wire, 1, 1);
	assert_true(wire.failed);
	wire_clear(&wire);
	assert_false(wire.failed);
	assert_int_equal(wire.len, 0);
	wire_release(&wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars),
		cmocka_unit_test(bytes_and_text),
		cmocka_unit_test(members_of_a_oneof_are_there_when_they_are_nothing),
		cmocka_unit_test(packed_values),
		cmocka_unit_test(a_message_is_empty_or_holds_messages),
		cmocka_unit_test(lengths_are_minimal),
		cmocka_unit_test(no_memory_stays_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
