// SPDX-License-Identifier: GPL-2.0-or-later
/* Records as the kernel side makes them: texts of Python's three widths, a line table of 3.11's form. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "runtime/code_table.h"
#include "runtime/cpython_code.h"

struct made {
	struct abi_code head;
	uint8_t bytes[3 * ABI_CODE_TEXT + ABI_CODE_LINES];
	size_t size;
};

/* Two instructions on the first line, two three lines below (Objects/locations.md: one-line forms). */
static const uint8_t lines_table[] = {0x80 | 10 << 3 | 1, 0, 0, 0x80 | 14 << 3 | 1, 3 << 1, 0, 1, 1};

static void add_text(struct made *made, struct abi_code_text *text, uint8_t width, const void *bytes, size_t size)
{
	*text = (struct abi_code_text){(uint16_t)size, width, 0};
	memcpy(made->bytes + made->size - sizeof(made->head), bytes, size);
	made->size += size;
}

static void make(struct made *made, uint32_t tgid, const char *file, const char *name, const char *qualname)
{
	memset(made, 0, sizeof(*made));
	made->size = sizeof(made->head);
	made->head.code = 0x7f0000001000;
	made->head.start_ns = 5;
	made->head.tgid = tgid;
	made->head.exec = 1;
	made->head.check = 77;
	made->head.first_line = 10;
	add_text(made, &made->head.file, 1, file, strlen(file));
	add_text(made, &made->head.name, 1, name, strlen(name));
	add_text(made, &made->head.qualname, 1, qualname, strlen(qualname));
	memcpy(made->bytes + made->size - sizeof(made->head), lines_table, sizeof(lines_table));
	made->head.lines_size = sizeof(lines_table);
	made->size += sizeof(lines_table);
}

static struct code_key key_of(const struct made *made)
{
	return (struct code_key){made->head.start_ns, made->head.code, made->head.tgid, made->head.exec,
		made->head.check};
}

static void test_texts(void **state)
{
	static const uint16_t wide[] = {0x4e2d, 0xd800, 'x'};
	static const uint32_t wider[] = {0x10380, 0x110000, 'y', 0};
	struct cpython_code code;
	struct made made;

	(void)state;
	make(&made, 1, "", "", "");
	made.size = sizeof(made.head);
	made.head.lines_size = 0;
	add_text(&made, &made.head.file, 1, "caf\xe9", 4);
	add_text(&made, &made.head.name, 2, wide, sizeof(wide));
	made.head.file.cut = 1;
	assert_int_equal(cpython_code_parse(&code, &made.head, made.size), 0);
	assert_string_equal(code.file, "café…");
	assert_string_equal(code.function, "中\xef\xbf\xbdx");
	add_text(&made, &made.head.qualname, 4, wider, sizeof(wider));
	assert_int_equal(cpython_code_parse(&code, &made.head, made.size), 0);
	assert_string_equal(code.function, "\xf0\x90\x8e\x80\xef\xbf\xbdy\xef\xbf\xbd");
}

/* As long as may be, each character as long as it can become. */
static void test_longest(void **state)
{
	static uint8_t latin[ABI_CODE_TEXT];
	struct cpython_code code;
	struct made made;

	(void)state;
	memset(latin, 0xff, sizeof(latin));
	make(&made, 1, "", "", "");
	made.size = sizeof(made.head);
	made.head.lines_size = 0;
	add_text(&made, &made.head.file, 1, latin, sizeof(latin));
	made.head.file.cut = 1;
	assert_int_equal(cpython_code_parse(&code, &made.head, made.size), 0);
	assert_int_equal(strlen(code.file), 2 * ABI_CODE_TEXT + 3);
	memset(made.bytes, 0, sizeof(latin)); /* each becomes U+FFFD */
	assert_int_equal(cpython_code_parse(&code, &made.head, made.size), 0);
	assert_int_equal(strlen(code.file), 3 * ABI_CODE_TEXT + 3);
}

/* No name at all: its width is 0. */
static void test_no_texts(void **state)
{
	struct cpython_code code;
	struct made made;

	(void)state;
	memset(&made, 0, sizeof(made));
	assert_int_equal(cpython_code_parse(&code, &made.head, sizeof(made.head)), 0);
	assert_string_equal(code.file, "");
	assert_string_equal(code.function, "");
}

static void test_contradictions(void **state)
{
	struct cpython_code code;
	struct made made;

	(void)state;
	make(&made, 1, "f.py", "f", "C.f");
	for (size_t size = 0; size < made.size; size++)
		assert_int_equal(cpython_code_parse(&code, &made.head, size), -EINVAL);
	assert_int_equal(cpython_code_parse(&code, &made.head, made.size), 0);
	made.head.name.width = 3;
	assert_int_equal(cpython_code_parse(&code, &made.head, made.size), -EINVAL);
	made.head.name.width = 1;
	made.head.name.size = ABI_CODE_TEXT + 1;
	assert_int_equal(cpython_code_parse(&code, &made.head, made.size), -EINVAL);
	made.head.name.size = 1;
	made.head.lines_size = ABI_CODE_LINES + 1;
	assert_int_equal(cpython_code_parse(&code, &made.head, made.size), -EINVAL);
	made.head.lines_size = UINT32_MAX;
	assert_int_equal(cpython_code_parse(&code, &made.head, made.size), -EINVAL);
}

static void test_places(void **state)
{
	struct profile profile = {0};
	struct code_table *table = code_table_new(&profile);
	const struct profile_function *function;
	struct code_place place;
	struct code_key key;
	struct made made;

	(void)state;
	assert_non_null(table);
	make(&made, 1, "/app/f.py", "f", "C.f");
	key = key_of(&made);
	assert_int_equal(code_table_find(table, &key, 0, &place), -ENOENT);
	assert_int_equal(code_table_add(table, &made.head, made.size, CPYTHON_LOCATIONS), 0);
	assert_int_equal(code_table_find(table, &key, 0, &place), 0);
	function = profile_get_function(&profile, place.function);
	assert_string_equal(profile_text(&profile, function->name), "C.f");
	assert_string_equal(profile_text(&profile, function->file), "/app/f.py");
	assert_int_equal(function->first_line, 10);
	assert_int_equal(function->type, FRAME_TYPE_CPYTHON);
	assert_int_equal(place.line, 10);
	assert_int_equal(code_table_find(table, &key, 4, &place), 0);
	assert_int_equal(place.line, 13);
	assert_int_equal(code_table_find(table, &key, 4000, &place), 0);
	assert_int_equal(place.line, 0);
	assert_int_equal(code_table_find(table, &key, ABI_RUNTIME_AT_UNKNOWN, &place), 0);
	assert_int_equal(place.line, 10);
	/* Another profile has other ids. */
	profile_release(&profile);
	code_table_begin_profile(table);
	assert_int_equal(profile_function(&profile, &(struct profile_function){.first_line = 1}, &place.function), 0);
	assert_int_equal(code_table_find(table, &key, 0, &place), 0);
	assert_int_equal(place.function, 1);
	assert_string_equal(profile_text(&profile, profile_get_function(&profile, 1)->name), "C.f");
	key.check++;
	assert_int_equal(code_table_find(table, &key, 0, &place), -ENOENT);
	code_table_free(table);
	profile_release(&profile);
}

/* What runs after a class's __init__ in 3.12 and later, and what only is called so. */
static void test_internal(void **state)
{
	static const struct {
		const char *file, *name;
		uint32_t first_line;
		bool internal;
	} rows[] = {{"__init__", "__init__", 0, true}, {"", "", 0, true}, {"__init__", "__init__", 1, false},
		{"k.py", "__init__", 0, false}, {"__init__", "f", 0, false}, {"x", "x", 0, false}};
	struct cpython_code code;
	struct made made;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		make(&made, 1, rows[i].file, rows[i].name, rows[i].name);
		made.head.first_line = rows[i].first_line;
		assert_int_equal(cpython_code_parse(&code, &made.head, made.size), 0);
		assert_int_equal(code.internal, rows[i].internal);
	}
}

static bool keep_odd(void *context, const struct code_key *key)
{
	(void)context;
	return key->tgid & 1;
}

/* The functions of 2,000 processes are one; of those that are forgotten nothing is found, of the others everything. */
static void test_many(void **state)
{
	struct profile profile = {0};
	struct code_table *table = code_table_new(&profile);
	struct code_place place;
	struct code_key key;
	struct made made;
	size_t bytes;

	(void)state;
	for (uint32_t tgid = 1; tgid <= 2000; tgid++) {
		make(&made, tgid, "/app/f.py", "f", "C.f");
		assert_int_equal(code_table_add(table, &made.head, made.size, CPYTHON_LOCATIONS), 0);
	}
	assert_int_equal(profile.functions.count, 0); /* none was sampled */
	bytes = code_table_bytes(table);
	code_table_prune(table, keep_odd, NULL);
	assert_int_equal(code_table_bytes(table), bytes); /* they are new: their processes may not have been met */
	make(&made, 3000, "/app/f.py", "f", "C.f");
	assert_int_equal(code_table_add(table, &made.head, made.size, CPYTHON_LOCATIONS), 0);
	code_table_prune(table, keep_odd, NULL);
	assert_true(code_table_bytes(table) < bytes);
	key = key_of(&made);
	assert_int_equal(code_table_find(table, &key, 0, &place), 0);
	for (uint32_t tgid = 1; tgid <= 2000; tgid++) {
		make(&made, tgid, "", "", "");
		key = key_of(&made);
		assert_int_equal(code_table_find(table, &key, 0, &place), tgid & 1 ? 0 : -ENOENT);
	}
	assert_int_equal(profile.functions.count, 1);
	code_table_free(table);
	profile_release(&profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_no_texts),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_internal),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
