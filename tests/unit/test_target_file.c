// SPDX-License-Identifier: GPL-2.0-or-later
/* Children that map files and play tricks, in their own roots and namespaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "process/maps.h"
#include "base/clock.h"
#include "process/target_file.h"

static char dir[64];

static void in_dir(char path[128], const char *name)
{
	snprintf(path, 128, "%s/%s", dir, name);
}

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	in_dir(path, name);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "%-8191s\n", text);
	fclose(file);
}

static int setup(void **state)
{
	char path[128];

	(void)state;
	strcpy(dir, "/tmp/profound-test-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	in_dir(path, "tmp");
	mkdir(path, 0755);
	chmod(dir, 0755);
	write_file("code", "the code");
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static bool need_root(void)
{
	if (!geteuid())
		return true;
	print_message("skipped: other roots and map_files need root\n");
	return false;
}

enum { CHROOT = 1, MOUNT_NS = 2, NO_MAP = 4 };

static void child_main(int flags, const char *code, int ready)
{
	int fd = open(code, O_RDONLY | O_CLOEXEC);

	if (flags & MOUNT_NS) {
		unshare(CLONE_NEWNS);
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
		mount(dir, "/tmp", NULL, MS_BIND, NULL);
	}
	if ((flags & CHROOT) && (chroot(dir) || chdir("/")))
		_exit(1);
	if (!(flags & NO_MAP) &&
		mmap(NULL, 8192, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		_exit(1);
	if (write(ready, "", 1) != 1)
		_exit(1);
	pause();
	_exit(0);
}

/* A child that waits to be killed. */
static pid_t spawn(int flags, const char *name)
{
	char code[128], byte;
	int ready[2];
	pid_t pid;

	in_dir(code, name);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid)
		child_main(flags, code, ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static char path_buffer[MAPS_PATH];

/* What maps says of the executable mapping whose name holds `part`. */
static struct object object_of(pid_t pid, const char *part)
{
	static struct maps_line line;
	char maps[64], text[MAPS_PATH];
	FILE *file;

	snprintf(maps, sizeof(maps), "/proc/%d/maps", pid);
	file = fopen(maps, "re");
	assert_non_null(file);
	while (fgets(text, sizeof(text), file)) {
		text[strcspn(text, "\n")] = '\0';
		if (maps_parse(text, strlen(text), &line) || !line.executable ||
			!strstr(line.path, part))
			continue;
		fclose(file);
		strcpy(path_buffer, line.path);
		return (struct object){ .identity = { line.major, line.minor, line.inode, 0, 0, { 0 } },
			.path = path_buffer, .fd = -1 };
	}
	fclose(file);
	fail_msg("%s is not mapped", part);
	return (struct object){ 0 };
}

static struct process process_of(pid_t pid)
{
	return (struct process){ .pid = (uint32_t)pid, .inner_pid = (uint32_t)pid, .root_fd = -1,
		.perf_map_fd = -1, .jitdump_fd = -1 };
}

static int open_object(pid_t pid, struct object *object)
{
	const struct process process = process_of(pid);
	const struct place place = { .kind = PLACE_FILE, .object = object };

	return target_file_open(&process, &place);
}

static void assert_text(int fd, const char *text)
{
	char got[64] = "";

	assert_true(fd >= 0);
	assert_true(pread(fd, got, strlen(text), 0) > 0);
	assert_string_equal(got, text);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	close(fd);
}

static void test_deleted_and_replaced(void **state)
{
	struct object object;
	char path[128], other[128];
	pid_t pid;

	(void)state;
	if (!need_root())
		skip();
	pid = spawn(0, "code");
	object = object_of(pid, "/code");
	assert_text(open_object(pid, &object), "the code");
	in_dir(path, "code");
	unlink(path);
	assert_text(open_object(pid, &object), "the code");
	write_file("other", "another");
	in_dir(other, "other");
	assert_int_equal(rename(other, path), 0);
	assert_text(open_object(pid, &object), "the code");
	end(pid);
	assert_int_equal(open_object(pid, &object), -ESTALE);
	unlink(path);
	assert_int_equal(open_object(pid, &object), -ENOENT);
}

static void test_gone_process_by_path(void **state)
{
	struct object object;
	pid_t pid = spawn(0, "code");

	(void)state;
	object = object_of(pid, "/code");
	end(pid);
	assert_text(open_object(pid, &object), "the code");
}

static void test_no_regular_file(void **state)
{
	struct object object;
	char path[128];
	pid_t pid = spawn(0, "code");

	(void)state;
	object = object_of(pid, "/code");
	end(pid);
	in_dir(path, "code");
	unlink(path);
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_int_equal(open_object(pid, &object), -EINVAL); /* and does not block */
	strcpy(object.path, "/dev/zero");
	assert_int_equal(open_object(pid, &object), -EINVAL);
	strcpy(object.path, "/proc/self/fd/0/..");
	assert_true(open_object(pid, &object) < 0);
}

static void test_link_out_of_the_root(void **state)
{
	const char *const target = "/etc/passwd";
	struct object object = { .path = path_buffer, .fd = -1 };
	struct stat info;
	char path[128];
	pid_t pid;

	(void)state;
	if (!need_root())
		skip();
	pid = spawn(CHROOT | NO_MAP, "code");
	in_dir(path, "out");
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(stat(target, &info), 0);
	object.identity.inode = info.st_ino;
	strcpy(object.path, "/out");
	assert_int_equal(open_object(pid, &object), -ENOENT);
	strcpy(object.path, "/../../../../etc/passwd");
	object.identity.inode++;
	assert_int_equal(open_object(pid, &object), -ESTALE); /* our own root's, and another file */
	end(pid);
}

static void test_memfd(void **state)
{
	struct object object;
	char path[128];
	pid_t pid;
	int fd;

	(void)state;
	if (!need_root())
		skip();
	fd = memfd_create("jit", 0);
	assert_int_equal(ftruncate(fd, 8192), 0);
	assert_int_equal(pwrite(fd, "in memory", 9, 0), 9);
	snprintf(path, sizeof(path), "../../proc/%d/fd/%d", getpid(), fd);
	pid = spawn(0, path);
	object = object_of(pid, "memfd:jit");
	assert_text(open_object(pid, &object), "in memory");
	end(pid);
	close(fd);
	assert_int_equal(open_object(pid, &object), -ENOENT);
}

static void write_perf_map(uint32_t inner_pid, const char *text)
{
	char name[64];

	snprintf(name, sizeof(name), "tmp/perf-%u.map", inner_pid);
	write_file(name, text);
}

static void test_perf_map_below_the_root(void **state)
{
	static const char *const links[] = {"/etc/passwd", "/code", "/dev/zero", "/proc/self/fd/0",
		"../../../../../../etc/passwd", "/nowhere"};
	struct process process;
	char path[128], name[64];
	pid_t pid;

	(void)state;
	if (!need_root())
		skip();
	pid = spawn(CHROOT, "code");
	process = process_of(pid);
	process.inner_pid = 7; /* what it calls itself */
	assert_int_equal(target_file_open_perf_map(&process), -ENOENT);
	write_perf_map(7, "1000 10 f");
	assert_text(target_file_open_perf_map(&process), "1000 10 f");
	in_dir(path, "tmp/perf-7.map");
	assert_int_equal(chown(path, 12345, 12345), 0);
	assert_int_equal(target_file_open_perf_map(&process), -EACCES);
	process.uid = 12345;
	snprintf(name, sizeof(name), "/proc/%d/root", pid);
	process.root_fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	end(pid); /* its root outlives it */
	assert_text(target_file_open_perf_map(&process), "1000 10 f");
	unlink(path);
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		assert_int_equal(symlink(links[i], path), 0);
		assert_int_equal(target_file_open_perf_map(&process), -EINVAL);
		unlink(path);
	}
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_int_equal(target_file_open_perf_map(&process), -EINVAL);
	close(process.root_fd);
}

static void test_perf_map_in_a_mount_namespace(void **state)
{
	struct process process;
	struct object object;
	char name[64], path[128];
	pid_t pid;

	(void)state;
	if (!need_root())
		skip();
	pid = spawn(MOUNT_NS, "code");
	process = process_of(pid);
	snprintf(name, sizeof(name), "perf-%d.map", pid);
	write_file(name, "2000 10 g");
	assert_text(target_file_open_perf_map(&process), "2000 10 g");
	in_dir(path, "code");
	object = object_of(pid, "/code");
	assert_text(open_object(pid, &object), "the code");
	end(pid);
	assert_int_equal(target_file_open_perf_map(&process), -ENOENT); /* and its mounts with it */
}

/* What attaching leaves in the object. */
static struct object attached(pid_t pid, struct object object)
{
	const struct process process = process_of(pid);
	const struct place place = { .kind = PLACE_FILE, .object = &object };

	object.root_fd = -1;
	target_file_attach(&process, &place);
	assert_true(object.tried || object.tries == 1);
	return object;
}

static void test_root_is_kept(void **state)
{
	struct object object;
	struct stat kept, ours;
	pid_t pid;

	(void)state;
	if (!need_root())
		skip();
	pid = spawn(0, "code");
	object = attached(pid, object_of(pid, "/code"));
	assert_true(object.fd >= 0);
	assert_true(object.root_fd == -1 && object.root_is_ours);
	close(object.fd);
	end(pid);
	pid = spawn(CHROOT, "code");
	object = attached(pid, object_of(pid, "/code"));
	end(pid);
	assert_true(object.fd >= 0 && object.root_fd >= 0 && !object.root_is_ours);
	assert_int_equal(fstat(object.root_fd, &kept), 0);
	assert_int_equal(stat(dir, &ours), 0);
	assert_int_equal(kept.st_ino, ours.st_ino);
	close(object.fd);
	close(object.root_fd);
	pid = spawn(MOUNT_NS, "code"); /* the same directory, but not the same mounts below it */
	object = attached(pid, object_of(pid, "/code"));
	end(pid);
	assert_true(object.fd >= 0 && object.root_fd >= 0);
	close(object.fd);
	close(object.root_fd);
}

/* A root speaks for its own processes only: kept for the next one that has it, dropped for good at one that has not. */
static void test_root_of_several(void **state)
{
	const int flags[] = {CHROOT, CHROOT, 0, CHROOT};
	struct object object;
	const struct place place = { .kind = PLACE_FILE, .object = &object };

	(void)state;
	if (!need_root())
		skip();
	for (uint32_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		pid_t pid = spawn(flags[i], "code");
		struct process process = process_of(pid);

		if (i == 0) {
			object = object_of(pid, "/code");
			object.root_fd = -1;
		}
		process.id = i;
		target_file_attach(&process, &place);
		assert_true(object.fd >= 0 && !object.root_is_ours);
		assert_int_equal(object.root_fd >= 0, i < 2);
		end(pid);
	}
	close(object.fd);
}

static void test_another_build(void **state)
{
	struct object object;
	pid_t pid = spawn(0, "code");

	(void)state;
	object = object_of(pid, "/code");
	object.identity.build_id_size = 2;
	object = attached(pid, object);
	assert_int_equal(object.fd, -1);
	assert_int_equal(object.open_error, -ESTALE);
	end(pid);
}

/* A file that only gone processes had is asked of the next one, not again of the same. */
static void test_the_next_process(void **state)
{
	struct process process;
	struct object object;
	const struct place place = { .kind = PLACE_FILE, .object = &object };
	pid_t first, second;

	(void)state;
	if (!need_root())
		skip();
	first = spawn(CHROOT, "code");
	second = spawn(CHROOT, "code");
	object = object_of(first, "/code");
	strcpy(path_buffer, "/code"); /* as it knows itself: not below our root */
	object.root_fd = -1;
	end(first);
	process = process_of(first);
	target_file_attach(&process, &place);
	assert_true(object.fd < 0 && !object.tried);
	target_file_attach(&process, &place);
	assert_int_equal(object.tries, 1);
	process = process_of(second);
	process.id = 1;
	target_file_attach(&process, &place);
	assert_true(object.fd >= 0 && object.tried);
	close(object.fd);
	close(object.root_fd);
	end(second);
}

static void test_descriptors_left(void **state)
{
	struct rlimit before, few;
	struct object object;
	pid_t pid = spawn(0, "code");

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 60;
	object = object_of(pid, "/code");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	object = attached(pid, object);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(object.fd, -1);
	assert_int_equal(object.open_error, -EMFILE);
	end(pid);
}

/* What another process of this number left behind. */
static void test_perf_map_older_than_the_process(void **state)
{
	struct process process;
	struct timespec now;
	pid_t pid;

	(void)state;
	if (!need_root())
		skip();
	pid = spawn(CHROOT, "code");
	process = process_of(pid);
	process.inner_pid = 7;
	write_perf_map(7, "1000 10 f");
	clock_gettime(CLOCK_BOOTTIME, &now);
	process.start_ns = (uint64_t)now.tv_sec * 1000000000u - 60000000000u;
	assert_text(target_file_open_perf_map(&process), "1000 10 f");
	process.start_ns += 65000000000u;
	assert_int_equal(target_file_open_perf_map(&process), -ESTALE);
	end(pid);
}

/* The next one with its number inside wrote it; what was kept may be that file by now, too. */
static void test_perf_map_newer_than_the_end(void **state)
{
	struct process process;
	char root[64];
	pid_t pid;

	(void)state;
	if (!need_root())
		skip();
	pid = spawn(CHROOT, "code");
	process = process_of(pid);
	process.inner_pid = 7;
	snprintf(root, sizeof(root), "/proc/%d/root", pid);
	process.root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	write_perf_map(7, "1000 10 f");
	process.perf_map_fd = target_file_open_perf_map(&process);
	assert_true(process.perf_map_fd >= 0);
	process.gone = true;
	process.end_ns = clock_now_ns();
	assert_text(target_file_open_perf_map(&process), "1000 10 f");
	process.end_ns -= 65000000000u;
	assert_int_equal(target_file_open_perf_map(&process), -ESTALE);
	close(process.perf_map_fd);
	close(process.root_fd);
	end(pid);
}

static struct process process_with_jitdump(pid_t pid, struct object *object)
{
	struct process process = process_of(pid);

	process.inner_pid = 7;
	process.jitdump = object;
	return process;
}

/* The very file that was mapped, whatever is at its path by now. */
static void test_jitdump(void **state)
{
	struct process process;
	struct object object;
	char path[128];
	pid_t pid;

	(void)state;
	if (!need_root())
		skip();
	write_file("jit-7.dump", "its jitdump");
	pid = spawn(CHROOT, "jit-7.dump");
	object = object_of(pid, "jit-7.dump");
	process = process_with_jitdump(pid, &object);
	in_dir(path, "jit-7.dump");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_text(target_file_open_jitdump(&process), "its jitdump");
	process.inner_pid = 8; /* its parent's */
	assert_int_equal(target_file_open_jitdump(&process), -ENOENT);
	process.inner_pid = 7;
	target_file_keep_jit(&process);
	end(pid);
	assert_text(target_file_open_jitdump(&process), "its jitdump");
	close(process.jitdump_fd);
	process.jitdump_fd = -1;
	assert_int_equal(target_file_open_jitdump(&process), -ESTALE);
}

static void test_jitdump_of_another(void **state)
{
	struct process process;
	struct object object;
	char path[128];
	pid_t pid;

	(void)state;
	if (!need_root())
		skip();
	write_file("jit-7.dump", "another's");
	in_dir(path, "jit-7.dump");
	assert_int_equal(chown(path, 12345, 12345), 0);
	pid = spawn(CHROOT, "jit-7.dump");
	object = object_of(pid, "jit-7.dump");
	process = process_with_jitdump(pid, &object);
	assert_int_equal(target_file_open_jitdump(&process), -EACCES);
	process.uid = 12345;
	assert_text(target_file_open_jitdump(&process), "another's");
	end(pid);
}

static void test_jitdump_names(void **state)
{
	(void)state;
	assert_int_equal(target_jitdump_pid("/tmp/jit-123.dump"), 123);
	assert_int_equal(target_jitdump_pid("jit-1.dump"), 1);
	assert_int_equal(target_jitdump_pid("/a/jit-2147483647.dump"), 2147483647);
	assert_int_equal(target_jitdump_pid("/a/jit-2147483648.dump"), 0);
	assert_int_equal(target_jitdump_pid("/a/jit-4294967297.dump"), 0);
	assert_int_equal(target_jitdump_pid("/a/jit-99999999999999999999999.dump"), 0);
	assert_int_equal(target_jitdump_pid("/a/jit-012.dump"), 0);
	assert_int_equal(target_jitdump_pid("/a/jit-+12.dump"), 0);
	assert_int_equal(target_jitdump_pid("/a/jit-.dump"), 0);
	assert_int_equal(target_jitdump_pid("/a/jit-12.dump.gz"), 0);
	assert_int_equal(target_jitdump_pid("/jit-12.dump/a"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_deleted_and_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone_process_by_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_regular_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link_out_of_the_root, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memfd, setup, teardown),
		cmocka_unit_test_setup_teardown(test_root_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_root_of_several, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_build, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_next_process, setup, teardown),
		cmocka_unit_test_setup_teardown(test_descriptors_left, setup, teardown),
		cmocka_unit_test_setup_teardown(test_perf_map_below_the_root, setup, teardown),
		cmocka_unit_test_setup_teardown(test_perf_map_in_a_mount_namespace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_perf_map_older_than_the_process, setup, teardown),
		cmocka_unit_test_setup_teardown(test_perf_map_newer_than_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_jitdump, setup, teardown),
		cmocka_unit_test_setup_teardown(test_jitdump_of_another, setup, teardown),
		cmocka_unit_test(test_jitdump_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
