// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "object/build_ids.h"

static struct elf file_of(const void *data, size_t size)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	assert_int_equal(pwrite(fd, data, size, 0), size);
	return (struct elf){.fd = fd, .size = size};
}

static void expect(const struct buf *text, const char *expected)
{
	assert_int_equal(text->len, strlen(expected));
	assert_memory_equal(text->data, expected, text->len);
}

/* Expected: Python, hashlib.sha256(b[:4096] + b[-4096:] + struct.pack(">Q", len(b))).hexdigest()[:32]. */
static void test_htlhash(void **state)
{
	static const struct {
		size_t size;
		const char *expected;
	} files[] = {
		{10000, "29e3194e821b97b5565d43a5156ad97a"},
		{5000, "8fcb735ccf036663f4dc178cf6653aac"}, /* the ends overlap */
	};
	uint8_t data[10000];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i % 251);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct elf elf = file_of(data, files[i].size);
		struct buf text = {0};

		assert_int_equal(build_ids_htlhash(&elf, &text), 0);
		expect(&text, files[i].expected);
		buf_release(&text);
		close(elf.fd);
	}
}

static void test_htlhash_of_a_small_file(void **state)
{
	struct elf elf = file_of("abc", 3);
	struct buf text = {0};

	(void)state;
	assert_int_equal(build_ids_htlhash(&elf, &text), 0);
	expect(&text, "a7e79e8a85da69bad5c3fea209342ac9");
	close(elf.fd);
	assert_int_equal(build_ids_htlhash(&elf, &text), -EIO);
	expect(&text, "a7e79e8a85da69bad5c3fea209342ac9");
	buf_release(&text);
}

struct go_note {
	Elf64_Nhdr header;
	char name[4];
	char id[24];
};

static int go_id_of(const struct go_note *note, uint64_t size, struct buf *text)
{
	struct elf elf = file_of(note, sizeof(*note));
	Elf64_Shdr sections[2] = {{0}, {.sh_name = 1, .sh_type = SHT_NOTE, .sh_size = size}};
	char names[] = "\0.note.go.buildid";
	int err;

	elf.sections = sections;
	elf.n_sections = 2;
	elf.section_names = names;
	elf.section_names_len = sizeof(names);
	err = build_ids_go(&elf, text);
	close(elf.fd);
	return err;
}

static void test_go(void **state)
{
	const struct go_note good = {{4, 23, 4}, "Go\0", "abc/def/ghi/klmnop12345"};
	struct go_note note = good;
	struct buf text = {0};

	(void)state;
	assert_int_equal(go_id_of(&note, 16 + 23, &text), 0);
	expect(&text, "abc/def/ghi/klmnop12345");
	buf_clear(&text);
	assert_int_equal(go_id_of(&note, 16 + 22, &text), -ENODATA); /* reaches past its section */
	assert_int_equal(go_id_of(&note, 15, &text), -ENODATA);
	note.header.n_descsz = UINT32_MAX;
	assert_int_equal(go_id_of(&note, sizeof(note), &text), -ENODATA);
	note = good;
	note.header.n_type = 3;
	assert_int_equal(go_id_of(&note, sizeof(note), &text), -ENODATA);
	note = good;
	note.name[0] = 'g';
	assert_int_equal(go_id_of(&note, sizeof(note), &text), -ENODATA);
	assert_int_equal(go_id_of(&good, 1 << 20, &text), -EIO); /* past the file's end */
	assert_int_equal(text.len, 0);
	buf_release(&text);
}

static void test_hex(void **state)
{
	struct buf text = {0};

	(void)state;
	assert_int_equal(build_ids_hex((const uint8_t *)"\0\x9f\xff", 3, &text), 0);
	expect(&text, "009fff");
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_htlhash), cmocka_unit_test(test_htlhash_of_a_small_file), cmocka_unit_test(test_go),
		cmocka_unit_test(test_hex),
	};

	return cmocka_run_group_tests_name("build_ids", tests, NULL, NULL);
}
