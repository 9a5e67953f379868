// SPDX-License-Identifier: GPL-2.0-or-later
/* What is below the readers: protobuf's fields, ids, what bytes are. */
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>

#include "import/content.h"
#include "import/id_table.h"
#include "base/wire_reader.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static void fields_are_read(void **state)
{
	static const uint8_t bytes[] = {0x08, 0x96, 0x01, 0x12, 0x02, 'h', 'i', 0x19, 1, 0, 0, 0, 0, 0, 0, 0x80, 0x25, 2,
		0, 0, 0, 0x2a, 0x03, 0x01, 0x80, 0x01, 0xfa, 0xff, 0xff, 0xff, 0x0f, 0x00};
	struct wire_reader reader = wire_reader_over(bytes, sizeof(bytes));
	struct wire_field field;
	struct cursor packed;

	(void)state;
	assert_true(wire_reader_next(&reader, &field));
	assert_true(wire_field_is(&field, 1, WIRE_VARINT) && field.value == 150 && field.data == bytes + 1);
	assert_true(wire_reader_next(&reader, &field));
	assert_true(wire_field_is(&field, 2, WIRE_BYTES) && field.len == 2);
	assert_memory_equal(field.data, "hi", 2);
	assert_true(wire_reader_next(&reader, &field));
	assert_true(wire_field_is(&field, 3, WIRE_FIXED64) && field.value == 0x8000000000000001u);
	assert_true(wire_reader_next(&reader, &field));
	assert_true(wire_field_is(&field, 4, WIRE_FIXED32) && field.value == 2);
	assert_true(wire_reader_next(&reader, &field));
	assert_true(wire_field_is_varints(&field, 5));
	packed = cursor_over(field.data, field.len);
	assert_int_equal(cursor_uleb(&packed), 1);
	assert_int_equal(cursor_uleb(&packed), 128);
	assert_int_equal(cursor_left(&packed), 0);
	assert_true(wire_reader_next(&reader, &field));
	assert_true(wire_field_is(&field, 536870911, WIRE_BYTES) && !field.len);
	assert_false(wire_reader_next(&reader, &field));
	assert_false(reader.cursor.bad);
}

static void what_is_no_field_is_refused(void **state)
{
	const struct {
		const uint8_t *bytes;
		size_t len;
	} cases[] = {
		{BYTES(0x08)},                                                             /* no value */
		{BYTES(0x08, 0x80)},                                                       /* half a value */
		{BYTES(0x80)},                                                             /* half a tag */
		{BYTES(0x00, 0x01)},                                                       /* field 0 */
		{BYTES(0x80, 0x80, 0x80, 0x80, 0x10, 0x00)},                               /* field 2^29 */
		{BYTES(0x0b, 0x0c)},                                                       /* a group */
		{BYTES(0x0e, 0x00)},                                                       /* type 6 */
		{BYTES(0x0a, 0x02, 0x00)},                                                 /* one byte less than it says */
		{BYTES(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x00)}, /* 2^63 - 1 bytes */
		{BYTES(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)}, /* 2^64 - 1 bytes */
		{BYTES(0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02)}, /* past 64 bits */
		{BYTES(0x09, 1, 2, 3, 4, 5, 6, 7)},
		{BYTES(0x0d, 1, 2, 3)},
	};
	struct wire_field field;

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct wire_reader reader = wire_reader_over(cases[i].bytes, cases[i].len);

		assert_false(wire_reader_next(&reader, &field));
		assert_true(reader.cursor.bad);
		assert_ptr_equal(reader.at, cases[i].bytes);
	}
}

static void ids_are_found(void **state)
{
	static const uint64_t mixed[] = {7, 3, UINT64_MAX, 1, 2, 100};
	struct id_table table = {0};
	uint64_t twice = 0;

	(void)state;
	assert_int_equal(id_table_sort(&table, &twice), 0);
	assert_int_equal(id_table_find(&table, 1), UINT32_MAX);
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(id_table_add(&table, mixed[i]), 0);
	assert_int_equal(id_table_sort(&table, &twice), 0);
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(id_table_find(&table, mixed[i]), i);
	assert_int_equal(id_table_find(&table, 0), UINT32_MAX);
	assert_int_equal(id_table_find(&table, 4), UINT32_MAX);
	id_table_release(&table);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(id_table_add(&table, i + 1), 0);
	assert_int_equal(id_table_sort(&table, &twice), 0);
	assert_int_equal(id_table_find(&table, 1000), 999);
	assert_int_equal(id_table_find(&table, 1001), UINT32_MAX);
	assert_int_equal(id_table_add(&table, 17), 0);
	assert_int_equal(id_table_sort(&table, &twice), -EEXIST);
	assert_int_equal(twice, 17);
	id_table_release(&table);
}

static void bytes_are_told_by_their_structure(void **state)
{
	const struct {
		enum content content;
		const uint8_t *bytes;
		size_t len;
	} cases[] = {
		{CONTENT_TEXT, NULL, 0},
		{CONTENT_TEXT, BYTES('a', ';', 'b', ' ', '1', '\n')},
		{CONTENT_TEXT, BYTES('\n', 'a', ' ', '1')},
		{CONTENT_TEXT, BYTES('2', ';', 'b', 1, ' ', '1', '\n')},        /* field 6 of pprof, by its tag */
		{CONTENT_PPROF, BYTES(0x32, 0)},                                /* a string table */
		{CONTENT_PPROF, BYTES(0x0a, 4, 8, 1, 16, 2, 0x32, 0)},          /* and a sample type */
		{CONTENT_PPROF, BYTES(0x0a, 4, 8, 1, 16, 2, 0x12, 200, 1, 1)},  /* cut off in a sample */
		{CONTENT_OTLP, BYTES(0x12, 2, 0x2a, 0)},                        /* a dictionary */
		{CONTENT_OTLP, BYTES(0x0a, 2, 0x0a, 0, 0x12, 2, 0x2a, 0)},      /* a resource, a dictionary */
		{CONTENT_OTLP, BYTES(0x0a, 200, 1, 0x0a, 0, 0x12, 2, 0x2a, 0)}, /* cut off */
		{CONTENT_OTHER, BYTES(0x7f, 'E', 'L', 'F', 0, 0)},
		{CONTENT_OTHER, BYTES(0)},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(content_of(cases[i].bytes, cases[i].len), cases[i].content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_read),
		cmocka_unit_test(what_is_no_field_is_refused),
		cmocka_unit_test(ids_are_found),
		cmocka_unit_test(bytes_are_told_by_their_structure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
