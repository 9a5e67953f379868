// SPDX-License-Identifier: GPL-2.0-or-later
/* A directory of requests: order, wholeness, limits, and what a process that died has left. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/spool.h"
#include "folder.h"

#define SECOND UINT64_C(1000000000)

static struct spool opened(uint64_t most_bytes)
{
	struct spool spool = SPOOL_NONE;
	struct fault fault = {""};

	assert_int_equal(spool_open(&spool, folder, most_bytes, false, &fault), 0);
	return spool;
}

static struct spool_depth depth_of(const struct spool *spool)
{
	struct spool_depth depth;

	assert_int_equal(spool_look(spool, &depth), 0);
	return depth;
}

static void make_file(const char *name, const void *data, size_t size)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	close(fd);
}

/* A clock that is set back changes nothing in the order, nor does a new process. */
static void test_next(void **state)
{
	struct spool spool = opened(1 << 20);

	(void)state;
	assert_int_equal(spool_next(&spool, 50 * SECOND), 50 * SECOND);
	assert_int_equal(spool_put(&spool, 50 * SECOND, 0, "a", 1), 0);
	assert_int_equal(spool_next(&spool, 20 * SECOND), 50 * SECOND + 1);
	assert_int_equal(spool_next(&spool, 50 * SECOND), 50 * SECOND + 2);
	assert_int_equal(spool_next(&spool, 60 * SECOND), 60 * SECOND);
	spool_release(&spool);
	spool = opened(1 << 20);
	assert_int_equal(spool_next(&spool, 20 * SECOND), 50 * SECOND + 1);
	assert_int_equal(spool_put(&spool, 50 * SECOND + 1, 0, "b", 1), 0);
	spool_forget(&spool, 50 * SECOND);
	assert_int_equal(depth_of(&spool).files, 1);
	assert_int_equal(depth_of(&spool).oldest_unix_ns, 50 * SECOND + 1);
	spool_take_back(&spool, 50 * SECOND + 1, 1);
	spool_release(&spool);
}

/* The oldest comes first, whenever it was put, and comes back as it was. */
static void test_order(void **state)
{
	static const char *const texts[] = {"third", "first", "second, of the same interval"};
	struct spool spool = opened(1 << 20);
	struct buf text = {0};

	(void)state;
	assert_int_equal(spool_put(&spool, 9 * SECOND, 0, texts[0], strlen(texts[0])), 0);
	assert_int_equal(spool_put(&spool, 5 * SECOND, 0, texts[1], strlen(texts[1])), 0);
	assert_int_equal(spool_put(&spool, 5 * SECOND, 1, texts[2], strlen(texts[2])), 0);
	assert_int_equal(depth_of(&spool).files, 3);
	assert_int_equal(depth_of(&spool).oldest_unix_ns, 5 * SECOND);
	for (unsigned i = 1; i <= 3; i++) {
		struct spool_depth depth = depth_of(&spool);

		buf_clear(&text);
		assert_int_equal(spool_read(&spool, depth.oldest, &text), 0);
		assert_int_equal(text.len, strlen(texts[i % 3]));
		assert_memory_equal(text.data, texts[i % 3], text.len);
		assert_int_equal(spool_remove(&spool, depth.oldest), 0);
	}
	assert_int_equal(depth_of(&spool).files, 0);
	assert_string_equal(depth_of(&spool).oldest, "");
	buf_release(&text);
	spool_release(&spool);
}

static void test_taken_back(void **state)
{
	struct spool spool = opened(1 << 20);
	struct buf names = {0};

	(void)state;
	for (unsigned part = 0; part < 3; part++)
		assert_int_equal(spool_put(&spool, 7 * SECOND, part, "x", 1), 0);
	assert_int_equal(spool_put(&spool, 8 * SECOND, 0, "y", 1), 0);
	assert_int_equal(spool_list(&spool, &names), 0);
	assert_int_equal(names.len, 4 * SPOOL_NAME);
	assert_string_equal(names.data + 3 * SPOOL_NAME, "00000001dcd65000-0000.otlp.zst");
	spool_take_back(&spool, 7 * SECOND, 3);
	assert_int_equal(depth_of(&spool).files, 1);
	assert_int_equal(depth_of(&spool).oldest_unix_ns, 8 * SECOND);
	buf_release(&names);
	spool_release(&spool);
}

static void test_one_owner(void **state)
{
	struct spool spool = opened(1 << 20), other = SPOOL_NONE;
	struct fault fault = {""};

	(void)state;
	assert_int_equal(spool_open(&other, folder, 1 << 20, false, &fault), -EBUSY);
	assert_non_null(strstr(fault.text, folder));
	spool_release(&spool);
	assert_int_equal(spool_open(&other, folder, 1 << 20, false, &fault), 0);
	spool_release(&other);
	assert_int_equal(spool_open(&other, "/proc/nothing", 1, false, &fault), -ENOENT);
}

/* What was begun is taken away; what is no request of ours is left alone, and never counted. */
static void test_leftovers(void **state)
{
	char path[160];
	struct spool spool;

	(void)state;
	make_file(".new-0000000000000001-0000.otlp.zst", "half", 4);
	make_file("notes.txt", "mine", 4);
	make_file("1-0.otlp.zst", "not our spelling", 4);
	spool = opened(1 << 20);
	snprintf(path, sizeof(path), "%s/.new-0000000000000001-0000.otlp.zst", folder);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/notes.txt", folder);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(depth_of(&spool).files, 0);
	spool_release(&spool);
}

static void test_limit(void **state)
{
	struct spool spool = opened(2048);
	char noise[1000];
	uint32_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < sizeof(noise); i++)
		noise[i] = (char)((seed = seed * 1664525 + 1013904223) >> 24);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(spool_put(&spool, (i + 1) * SECOND, 0, noise, sizeof(noise)), 0);
	assert_int_equal(spool_trim(&spool), 3);
	assert_int_equal(depth_of(&spool).oldest_unix_ns, 4 * SECOND);
	assert_true(depth_of(&spool).bytes <= 2048);
	assert_int_equal(spool_trim(&spool), 0);
	spool_release(&spool);
}

/* Files that somebody damaged, or made to be unpacked into all memory. */
static void test_hostile(void **state)
{
	static const uint8_t bomb[] = {0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x7f, 1, 0, 0};
	struct spool spool = opened(1 << 20);
	struct buf text = {0};
	char path[160], target[160];

	(void)state;
	make_file("0000000000000001-0000.otlp.zst", "no zstd at all", 14);
	make_file("0000000000000002-0000.otlp.zst", bomb, sizeof(bomb));
	make_file("0000000000000003-0000.otlp.zst", "", 0);
	snprintf(path, sizeof(path), "%s/0000000000000004-0000.otlp.zst", folder);
	snprintf(target, sizeof(target), "%s/0000000000000001-0000.otlp.zst", folder);
	assert_int_equal(symlink(target, path), 0);
	snprintf(path, sizeof(path), "%s/0000000000000005-0000.otlp.zst", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	for (char name[] = "0000000000000001-0000.otlp.zst"; name[15] <= '5'; name[15]++)
		assert_int_equal(spool_read(&spool, name, &text), -EBADMSG);
	assert_int_equal(spool_read(&spool, "0000000000000006-0000.otlp.zst", &text), -ENOENT);
	assert_int_equal(text.len, 0);
	buf_release(&text);
	spool_release(&spool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_next, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_order, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_taken_back, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_one_owner, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_leftovers, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_limit, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_hostile, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
