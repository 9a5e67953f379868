// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "export/output.h"

static char directory[64];
static char path_buffer[8][256];

/* A path in the test's directory; good for eight calls. */
static const char *in(const char *name)
{
	static unsigned next;
	char *path = path_buffer[next++ % 8];

	snprintf(path, sizeof(path_buffer[0]), "%s/%s", directory, name);
	return path;
}

static int set_up(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/profound-test-XXXXXX");
	umask(022);
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	(void)state;
	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	return rmdir(directory);
}

static unsigned entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void expect_text(const char *path, const char *expected)
{
	char text[256] = {0};
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, file), strlen(expected));
	assert_string_equal(text, expected);
	fclose(file);
}

static void start(struct output *output, const char *path)
{
	struct fault fault = {{0}};

	assert_int_equal(output_prepare(output, path, &fault), 0);
	assert_int_equal(output_open(output, &fault), 0);
}

static void write_all(const char *path, const char *text)
{
	struct output output;
	struct fault fault = {{0}};

	start(&output, path);
	fputs(text, output.stream);
	assert_int_equal(output_commit(&output, &fault), 0);
}

static void refused(const char *path, int error, const char *word)
{
	struct output output;
	struct fault fault = {{0}};

	assert_int_equal(output_prepare(&output, path, &fault), error);
	assert_non_null(strstr(fault.text, path));
	assert_non_null(strstr(fault.text, word));
	assert_null(output.path);
}

static void file_appears_whole(void **state)
{
	struct output output;
	struct fault fault;
	struct stat status;

	(void)state;
	assert_int_equal(output_prepare(&output, in("a.html"), &fault), 0);
	assert_int_equal(entries(directory), 0);
	assert_int_equal(output_open(&output, &fault), 0);
	fputs("new", output.stream);
	fflush(output.stream);
	assert_int_not_equal(access(in("a.html"), F_OK), 0);
	assert_int_equal(output_commit(&output, &fault), 0);
	expect_text(in("a.html"), "new");
	assert_int_equal(entries(directory), 1);
	assert_int_equal(stat(in("a.html"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
}

static void older_file_is_replaced_at_once(void **state)
{
	struct output output;
	struct fault fault;
	struct stat before, after;

	(void)state;
	put(in("a"), "old");
	stat(in("a"), &before);
	start(&output, in("a"));
	fputs("new", output.stream);
	fflush(output.stream);
	expect_text(in("a"), "old");
	assert_int_equal(output_commit(&output, &fault), 0);
	expect_text(in("a"), "new");
	stat(in("a"), &after);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_int_equal(entries(directory), 1);
}

static void giving_up_leaves_nothing(void **state)
{
	struct output output;
	struct fault fault;

	(void)state;
	put(in("a"), "old");
	start(&output, in("a"));
	fputs("new", output.stream);
	output_discard(&output);
	expect_text(in("a"), "old");
	assert_int_equal(entries(directory), 1);
	assert_int_equal(output_prepare(&output, in("b"), &fault), 0);
	output_discard(&output);
	output_discard(&output);
	output_discard(NULL);
	assert_int_equal(entries(directory), 1);
}

/* As a second SIGINT does it: no destructor runs. */
static void dying_leaves_nothing(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (!child) {
		struct output output;

		start(&output, in("a"));
		fputs("half", output.stream);
		fflush(output.stream);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(entries(directory), 0);
}

static void umask_is_kept(void **state)
{
	struct stat status;

	(void)state;
	umask(077);
	write_all(in("a"), "x");
	umask(022);
	stat(in("a"), &status);
	assert_int_equal(status.st_mode & 07777, 0600);
}

static void link_is_followed(void **state)
{
	struct stat status;

	(void)state;
	put(in("target"), "old");
	assert_int_equal(symlink("target", in("link")), 0);
	assert_int_equal(symlink(in("link"), in("link2")), 0);
	assert_int_equal(symlink("fresh", in("dangling")), 0);
	write_all(in("link2"), "new");
	write_all(in("dangling"), "fresh");
	expect_text(in("target"), "new");
	expect_text(in("fresh"), "fresh");
	assert_int_equal(lstat(in("link2"), &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_int_equal(symlink("loop", in("loop")), 0);
	refused(in("loop"), -ELOOP, "circle");
}

static void fifo_is_written_into(void **state)
{
	char text[16] = {0};
	struct stat status;
	int reader;

	(void)state;
	assert_int_equal(mkfifo(in("fifo"), 0600), 0);
	reader = open(in("fifo"), O_RDONLY | O_NONBLOCK);
	write_all(in("fifo"), "through");
	assert_int_equal(read(reader, text, sizeof(text) - 1), 7);
	assert_string_equal(text, "through");
	close(reader);
	assert_int_equal(lstat(in("fifo"), &status), 0);
	assert_true(S_ISFIFO(status.st_mode));
}

static void devices_are_written_into(void **state)
{
	struct output output;
	struct fault fault = {{0}};
	struct stat status;

	(void)state;
	write_all("/dev/null", "x");
	start(&output, "/dev/full");
	fputs("x", output.stream);
	assert_int_equal(output_commit(&output, &fault), -ENOSPC);
	assert_non_null(strstr(fault.text, "/dev/full"));
	/* Long before the end. */
	start(&output, "/dev/full");
	for (int i = 0; i < 100000; i++)
		fputs("more than a buffer", output.stream);
	assert_int_equal(output_commit(&output, &fault), -ENOSPC);
	assert_int_equal(stat("/dev/full", &status), 0);
	assert_true(S_ISCHR(status.st_mode));
}

/* Runs `body` with standard output going to the file "out". */
static void with_stdout(int flags, void (*body)(void))
{
	int saved = dup(1), file = open(in("out"), O_WRONLY | O_CREAT | flags, 0600);

	assert_true(saved >= 0 && file >= 0);
	fflush(stdout);
	dup2(file, 1);
	close(file);
	body();
	dup2(saved, 1);
	close(saved);
}

static void write_both_names(void)
{
	write_all("-", "one\n");
	write_all("/dev/stdout", "two\n");
	write_all("/dev/fd/1", "three\n");
}

static void standard_output_is_appended_to(void **state)
{
	(void)state;
	put(in("out"), "before\n");
	with_stdout(O_APPEND, write_both_names);
	expect_text(in("out"), "before\none\ntwo\nthree\n");
	with_stdout(O_TRUNC, write_both_names);
	expect_text(in("out"), "one\ntwo\nthree\n");
}

static void bad_paths_are_refused(void **state)
{
	(void)state;
	put(in("file"), "x");
	refused(in("no/such/a.html"), -ENOENT, "create the directory");
	refused(in("file/a.html"), -ENOTDIR, "no directory");
	refused(directory, -EISDIR, "add a file name");
	refused(in("new/"), -EISDIR, "add a file name");
	refused("", -ENOENT, "cannot write");
	refused("/dev/fd/999", -EBADF, "not open");
	assert_int_equal(entries(directory), 1);
}

/* Root may write everywhere: the check is made as another user, in a child. */
static void unwritable_paths_are_refused(void **state)
{
	pid_t child;
	int status;

	(void)state;
	if (geteuid()) {
		print_message("skipped: needs root to become another user\n");
		skip();
	}
	put(in("file"), "x");
	child = fork();
	if (!child) {
		struct output output;
		struct fault fault;

		_exit(setresuid(65534, 65534, 65534) ||
			output_prepare(&output, in("new"), &fault) != -EACCES ||
			output_prepare(&output, in("file"), &fault) != -EACCES);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(entries(directory), 1);
}

static void sudo_user_owns_the_file(void **state)
{
	static const struct {
		const char *uid, *gid;
		uid_t owner;
	} cases[] = {
		{"1234", "2345", 1234},
		{"0x10", "5", 0},
		{"-1", "5", 0},
		{"", "5", 0},
		{"4294967295", "5", 0},
		{"12", NULL, 0},
		{"12 ", "12", 0},
	};

	(void)state;
	if (geteuid()) {
		print_message("skipped: needs root to give files away\n");
		skip();
	}
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stat status;

		setenv("SUDO_UID", cases[i].uid, 1);
		unsetenv("SUDO_GID");
		if (cases[i].gid)
			setenv("SUDO_GID", cases[i].gid, 1);
		write_all(in("a"), "x");
		assert_int_equal(stat(in("a"), &status), 0);
		assert_int_equal(status.st_uid, cases[i].owner);
		assert_int_equal(status.st_gid, cases[i].owner ? 2345 : 0);
	}
}

/* In the child's own mount namespace: 64 KiB of room, an old file in it, and more to write than
 * fits. */
static int fill_disk(void)
{
	struct output output;
	struct fault fault = {{0}};

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("none", directory, "tmpfs", 0, "size=64k"))
		return 77;
	put(in("a"), "old");
	start(&output, in("a"));
	for (int i = 0; i < 200000; i++)
		fputs("more than fits\n", output.stream);
	if (output_commit(&output, &fault) != -ENOSPC)
		return 1;
	if (!strstr(fault.text, "No space left") || !strstr(fault.text, "make room"))
		return 2;
	expect_text(in("a"), "old");
	return entries(directory) == 1 ? 0 : 3;
}

static void full_disk_keeps_the_old_file(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (!child)
		_exit(fill_disk());
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WEXITSTATUS(status) == 77) {
		print_message("skipped: no right to mount a tmpfs in a namespace\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static void default_name_is_plain(void **state)
{
	char name[128];

	(void)state;
	setenv("TZ", "UTC", 1);
	output_default_name(name, "web1", 1795428901, ".html");
	assert_string_equal(name, "profound-web1-20261123T101501.html");
	output_default_name(name, "../a b\n;", 0, ".otlp");
	assert_string_equal(name, "profound-.._a_b__-19700101T000000.otlp");
}

int main(void)
{
#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(file_appears_whole),
		IN_DIRECTORY(older_file_is_replaced_at_once),
		IN_DIRECTORY(giving_up_leaves_nothing),
		IN_DIRECTORY(dying_leaves_nothing),
		IN_DIRECTORY(umask_is_kept),
		IN_DIRECTORY(link_is_followed),
		IN_DIRECTORY(fifo_is_written_into),
		IN_DIRECTORY(devices_are_written_into),
		IN_DIRECTORY(standard_output_is_appended_to),
		IN_DIRECTORY(bad_paths_are_refused),
		IN_DIRECTORY(unwritable_paths_are_refused),
		IN_DIRECTORY(sudo_user_owns_the_file),
		IN_DIRECTORY(full_disk_keeps_the_old_file),
		cmocka_unit_test(default_name_is_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
