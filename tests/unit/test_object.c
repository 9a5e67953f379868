// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "object/elf.h"
#include "object/object.h"

static struct object *intern(struct objects *objects, struct object_identity identity, const char *path)
{
	struct object *object = NULL;

	assert_int_equal(objects_intern(objects, OBJECT_FILE, &identity, path, &object), 0);
	return object;
}

static void test_identity(void **state)
{
	struct objects *objects = objects_new();
	struct object *a = intern(objects, (struct object_identity){8, 1, 42, 0, 0, {0}}, "/lib/a.so");
	struct object_identity built = {8, 1, 42, 7, 2, {1, 2}}, other = {8, 1, 42, 7, 2, {1, 3}};

	(void)state;
	assert_int_equal(a->id, 0);
	assert_int_equal(a->fd, -1);
	assert_ptr_equal(intern(objects, built, "/lib/a.so"), a);
	assert_int_equal(a->identity.build_id_size, 2);
	assert_ptr_not_equal(intern(objects, other, "/lib/a.so"), a);
	/* no build id: the newest of the two */
	assert_int_equal(intern(objects, (struct object_identity){8, 1, 42, 0, 0, {0}}, "x")->id, 1);
	/* another generation is another file */
	assert_int_equal(intern(objects, (struct object_identity){8, 1, 42, 9, 0, {0}}, "x")->id, 2);
	assert_int_equal(intern(objects, (struct object_identity){8, 2, 42, 0, 0, {0}}, "x")->id, 3);
	/* without an inode only the build id counts */
	assert_int_equal(intern(objects, (struct object_identity){0, 0, 0, 0, 1, {5}}, "x")->id, 4);
	assert_int_equal(intern(objects, (struct object_identity){0, 0, 0, 0, 1, {6}}, "x")->id, 5);
	assert_int_equal(intern(objects, (struct object_identity){0, 0, 0, 0, 1, {5}}, "x")->id, 4);
	objects_free(objects);
}

static void test_many(void **state)
{
	struct objects *objects = objects_new();

	(void)state;
	for (int round = 0; round < 2; round++)
		for (uint32_t i = 0; i < 5000; i++)
			assert_int_equal(intern(objects,
				(struct object_identity){1, i % 3, 100 + i, 0, 0, {0}}, "/x")->id, i);
	assert_int_equal(objects_count(objects), 5000);
	assert_int_equal(objects_get(objects, 4321)->identity.inode, 4421);
	objects_free(objects);
}

static void test_name(void **state)
{
	static const char *const cases[][2] = {
		{"/usr/lib/libc.so.6", "libc.so.6"}, {"[vdso]", "[vdso]"}, {"", "[file]"},
		{"/dir/", "[file]"}, {"/a\nb", "a b"}, {"/\xff", "\xef\xbf\xbd"},
		{"/memfd:x", "memfd:x"},
	};
	struct objects *objects = objects_new();

	(void)state;
	for (uint32_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(object_name(intern(objects,
			(struct object_identity){1, 1, i + 1, 0, 0, {0}}, cases[i][0])), cases[i][1]);
	objects_free(objects);
}

static void test_fd_is_owned(void **state)
{
	struct objects *objects = objects_new();
	struct object *object = intern(objects, (struct object_identity){1, 1, 1, 0, 0, {0}}, "/x");
	int first = open("/dev/null", O_RDONLY | O_CLOEXEC), second = dup(first);

	(void)state;
	object_set_fd(object, first);
	assert_true(object->tried);
	object_set_fd(object, second);
	assert_int_equal(fcntl(first, F_GETFD), -1);
	object_set_fd(object, -ENOENT);
	assert_int_equal(object->fd, -1);
	assert_int_equal(fcntl(second, F_GETFD), -1);
	object_set_fd(object, open("/dev/null", O_RDONLY | O_CLOEXEC));
	second = object->fd;
	objects_free(objects);
	assert_int_equal(fcntl(second, F_GETFD), -1);
}

static void expect_text(const char *in, const char *out)
{
	struct buf buf = {0};

	assert_int_equal(text_clean(&buf, in, strlen(in)), 0);
	assert_int_equal(buf_putc(&buf, 0), 0);
	assert_string_equal(buf.data, out);
	buf_release(&buf);
}

static void test_text(void **state)
{
#define BAD "\xef\xbf\xbd"
	(void)state;
	expect_text("plain", "plain");
	expect_text("h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
	expect_text("a\tb\x7f\x1b" "c\xc2\x85", "a b  c ");
	expect_text("\xc0\xaf", BAD BAD);
	expect_text("\xe0\x9f\xbf", BAD BAD BAD);
	expect_text("\xed\xa0\x80", BAD BAD BAD);
	expect_text("\xf4\x90\x80\x80", BAD BAD BAD BAD);
	expect_text("\xe2\x82", BAD BAD);
}

/* `unit` again and again, `len` bytes in all and behind a prefix that moves the cuts through it. */
static void clean_long(struct buf *buf, const char *unit, size_t prefix, size_t len)
{
	char long_name[6000];
	size_t size = strlen(unit);

	for (size_t i = 0; i < len; i++)
		long_name[i] = i < prefix ? 'p' : unit[(i - prefix) % size];
	buf_clear(buf);
	assert_int_equal(text_clean(buf, long_name, len), 0);
}

static void test_text_is_cut(void **state)
{
	struct buf buf = {0}, again = {0};

	(void)state;
	clean_long(&buf, "x", 0, TEXT_MAX);
	assert_int_equal(buf.len, TEXT_MAX);
	assert_null(memchr(buf.data, 0xe2, buf.len));
	clean_long(&buf, "x", 10, TEXT_MAX + 1);
	assert_int_equal(buf.len, TEXT_MAX);
	assert_memory_equal(buf.data + 599, "x\xe2\x80\xa6x", 5);
	for (size_t prefix = 0; prefix < 8; prefix++)
		for (size_t count = 300; count < 310; count++) {
			clean_long(&buf, "\xf0\x9f\x98\x80", prefix, prefix + count * 4);
			assert_in_range(buf.len, TEXT_MAX - 6, TEXT_MAX);
			assert_int_equal(text_clean(&again, buf.data, buf.len), 0);
			assert_int_equal(again.len, buf.len);
			assert_memory_equal(again.data, buf.data, buf.len); /* well-formed: nothing was replaced */
			buf_clear(&again);
		}
	clean_long(&buf, "\xff", 0, 6000);
	assert_in_range(buf.len, TEXT_MAX - 6, TEXT_MAX);
	buf_release(&buf);
	buf_release(&again);
}

/* What differs at one of its ends only is still another name, and what is in the buffer stays. */
static void test_cut_texts_differ(void **state)
{
	char a[3000], b[3000];
	struct buf buf = {0};

	(void)state;
	memset(a, 'x', sizeof(a));
	memcpy(b, a, sizeof(b));
	b[sizeof(b) - 400] = 'y';
	assert_int_equal(text_clean(&buf, a, sizeof(a)), 0);
	assert_int_equal(text_clean(&buf, b, sizeof(b)), 0);
	assert_int_equal(buf.len, 2 * TEXT_MAX);
	assert_memory_equal(buf.data, buf.data + TEXT_MAX, 600);
	assert_int_equal(memchr(buf.data, 'y', TEXT_MAX) != NULL, false);
	assert_int_equal(buf.data[2 * TEXT_MAX - 400], 'y');
	buf_release(&buf);
}

/* The build id of this very program, learned once; then only that one will do. */
static void test_build(void **state)
{
	struct objects *objects = objects_new();
	struct object *object = intern(objects, (struct object_identity){1, 1, 1, 0, 0, {0}}, "/x");
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), text = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	struct elf elf;

	(void)state;
	assert_int_equal(object_learn_build(object, text), 0);
	assert_int_equal(object->identity.build_id_size, 0);
	assert_int_equal(elf_init(&elf, self), 0);
	assert_true(object_is_build(object, &elf));
	assert_int_equal(object_learn_build(object, self), 0);
	assert_int_equal(object->identity.build_id_size, elf.build_id_size);
	assert_true(object_is_build(object, &elf));
	assert_int_equal(object_learn_build(object, self), 0);
	object->identity.build_id_size = 20;
	object->identity.build_id[0] ^= 1;
	assert_false(object_is_build(object, &elf));
	assert_int_equal(object_learn_build(object, self), -ESTALE);
	assert_int_equal(object_learn_build(object, text), -ESTALE);
	elf_release(&elf);
	close(self);
	close(text);
	objects_free(objects);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity), cmocka_unit_test(test_many), cmocka_unit_test(test_build),
		cmocka_unit_test(test_name), cmocka_unit_test(test_fd_is_owned),
		cmocka_unit_test(test_text), cmocka_unit_test(test_text_is_cut), cmocka_unit_test(test_cut_texts_differ),
	};

	return cmocka_run_group_tests_name("object", tests, NULL, NULL);
}
