// SPDX-License-Identifier: GPL-2.0-or-later
/* A root of a hostile container in a folder. What is right and wrong about debug files themselves: tests/names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/debug_file.h"

static char dir[64];
static struct object object;

static char *in_dir(const char *name)
{
	static char path[4][160];
	static unsigned next;
	char *at = path[next++ % 4];

	snprintf(at, sizeof(path[0]), "%s/%s", dir, name);
	return at;
}

static void write_file(const char *name, const char *text)
{
	int fd = open(in_dir(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/profound-test-XXXXXX");
	if (!mkdtemp(dir) || mkdir(in_dir("a"), 0755) || mkdir(in_dir("a/b"), 0755))
		return -1;
	write_file("alt", "below the root");
	write_file("a/near", "near");
	object = (struct object){.path = (char *)(uintptr_t) "/a/program", .fd = -1,
		.root_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC)};
	return object.root_fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	close(object.root_fd);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void assert_text(int fd, const char *text)
{
	char got[64] = "";

	assert_true(fd >= 0);
	assert_true(pread(fd, got, sizeof(got) - 1, 0) > 0);
	assert_string_equal(got, text);
	close(fd);
}

static void test_below_the_root(void **state)
{
	(void)state;
	assert_text(debug_file_open_named(&object, -1, "/alt"), "below the root");
	assert_text(debug_file_open_named(&object, -1, "/a/b/../../alt"), "below the root");
	assert_text(debug_file_open_named(&object, -1, "/../../../alt"), "below the root");
	assert_int_equal(debug_file_open_named(&object, -1, "/none"), -ENOENT);
}

/* Below our own root only for those who have that root, and nothing that the kernel makes up. */
static void test_below_ours(void **state)
{
	static const char *const made_up[] = {"/proc/version", "/proc/self/maps", "/sys/kernel/notes"};
	const struct object ours = {.path = object.path, .fd = -1, .root_fd = -1, .root_is_ours = true};
	struct object nobodys = {.path = object.path, .fd = -1, .root_fd = -1};

	(void)state;
	assert_int_equal(debug_file_open_named(&object, -1, in_dir("a/near")), -ENOENT);
	assert_int_equal(debug_file_open_named(&nobodys, -1, in_dir("a/near")), -ENOENT);
	assert_int_equal(debug_file_open_named(&nobodys, -1, "/usr/lib/debug/../../../etc/passwd"), -ENOENT);
	assert_text(debug_file_open_named(&ours, -1, in_dir("a/near")), "near");
	for (size_t i = 0; i < sizeof(made_up) / sizeof(*made_up); i++) {
		assert_int_equal(access(made_up[i], R_OK), 0);
		assert_int_equal(debug_file_open_named(&ours, -1, made_up[i]), -EINVAL);
	}
}

static void test_traps(void **state)
{
	char outside[64] = "/tmp/profound-test-XXXXXX";
	int fd = mkstemp(outside);

	(void)state;
	assert_int_equal(write(fd, "secret", 6), 6);
	close(fd);
	assert_int_equal(symlink(outside, in_dir("link")), 0);
	assert_int_equal(debug_file_open_named(&object, -1, "/link"), -ENOENT);
	assert_int_equal(mkfifo(in_dir("fifo"), 0644), 0);
	assert_true(debug_file_open_named(&object, -1, "/fifo") < 0); /* and does not block */
	assert_true(debug_file_open_named(&object, -1, "/a") < 0);
	assert_int_equal(symlink("/proc/self/fd/0", in_dir("magic")), 0);
	assert_true(debug_file_open_named(&object, -1, "/magic") < 0);
	unlink(outside);
}

/* From the directory of the file that names it. */
static void test_relative(void **state)
{
	struct debug_file_namer namer = {.debug_fd = open(in_dir("a/near"), O_RDONLY | O_CLOEXEC)};
	const struct object ours = {.path = object.path, .fd = -1, .root_fd = -1, .root_is_ours = true};

	(void)state;
	assert_int_equal(debug_file_open_for(&namer, "near"), -ENOENT); /* of no object */
	namer.object = &ours;
	assert_text(debug_file_open_for(&namer, "near"), "near");
	assert_text(debug_file_open_for(&namer, "../alt"), "below the root");
	assert_int_equal(debug_file_open_for(&namer, "none"), -ENOENT);
	close(namer.debug_fd);
}

/* A checksum is read only from what is left of the run's bytes. */
static void test_checksums(void **state)
{
	const struct object ours = {.path = in_dir("a/bare"), .fd = -1, .root_fd = -1, .root_is_ours = true};
	char command[1024];
	uint64_t left = 0;
	struct elf elf;
	int fd;

	(void)state;
	snprintf(command, sizeof(command), "cd %s/a && objcopy --remove-section .note.gnu.build-id /proc/%d/exe whole && "
		"objcopy --only-keep-debug whole its.debug && objcopy -S --add-gnu-debuglink=its.debug whole bare",
		dir, getpid());
	assert_int_equal(system(command), 0);
	fd = open(ours.path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(elf_init(&elf, fd), 0);
	assert_int_equal(debug_file_open(&ours, &elf, NULL, &left), -ENOENT);
	left = DEBUG_FILE_CHECKSUMS;
	close(debug_file_open(&ours, &elf, NULL, &left));
	assert_in_range(left, DEBUG_FILE_CHECKSUMS - (64 << 20), DEBUG_FILE_CHECKSUMS - 1);
	elf_release(&elf);
	close(fd);
}

static void test_none(void **state)
{
	uint64_t checksum_left = DEBUG_FILE_CHECKSUMS;
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), before = dup(0), after;
	struct elf elf;

	(void)state;
	assert_int_equal(elf_init(&elf, self), 0);
	assert_int_equal(debug_file_open(&object, &elf, NULL, &checksum_left), -ENOENT);
	elf_release(&elf);
	close(self);
	close(before);
	after = dup(0); /* no descriptor was left behind */
	assert_int_equal(after, self);
	close(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_below_the_root, setup, teardown),
		cmocka_unit_test_setup_teardown(test_below_ours, setup, teardown),
		cmocka_unit_test_setup_teardown(test_traps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_relative, setup, teardown),
		cmocka_unit_test_setup_teardown(test_checksums, setup, teardown),
		cmocka_unit_test_setup_teardown(test_none, setup, teardown),
	};

	return cmocka_run_group_tests_name("debug_file", tests, NULL, NULL);
}
