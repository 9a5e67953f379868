// SPDX-License-Identifier: GPL-2.0-or-later
/* Synthetic records against a table, and a child that execs, maps, moves and unmaps code under a live sideband. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collect/sideband.h"
#include "process/clocks.h"
#include "process/process.h"

#define MS 1000000ULL
#define STRANGE 0x7ffffff0u /* above any pid_max */

struct fixture {
	struct objects *objects;
	struct processes *processes;
	struct clocks clocks;
	struct sideband *sideband; /* NULL: only synthetic records */
	bool lost;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->objects = objects_new();
	fixture->processes = processes_new(fixture->objects);
	clocks_init(&fixture->clocks);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	sideband_free(fixture->sideband);
	processes_free(fixture->processes);
	objects_free(fixture->objects);
	free(fixture);
	return 0;
}

static void apply(struct fixture *fixture, struct lifecycle record)
{
	if (!record.name)
		record.name = "";
	assert_int_equal(processes_apply(fixture->processes, &record), 0);
}

static void map(struct fixture *fixture, uint32_t pid, uint64_t start, uint64_t inode, uint64_t time)
{
	apply(fixture, (struct lifecycle){ .kind = LIFECYCLE_MAP, .pid = pid, .time_ns = time,
		.start = start, .end = start + 0x1000, .offset = 0x5000, .file.inode = inode,
		.name = inode ? "/bin/x" : "//anon" });
}

static void forked(struct fixture *fixture, uint32_t pid, uint32_t parent, uint64_t time)
{
	apply(fixture, (struct lifecycle){ .kind = LIFECYCLE_FORK, .pid = pid, .parent = parent,
		.time_ns = time });
}

static uint64_t start_of(const struct fixture *fixture, uint64_t time)
{
	return time + (uint64_t)fixture->clocks.suspended_ns;
}

static struct process *sampled(struct fixture *fixture, uint32_t pid, uint64_t start)
{
	struct process *process = NULL;

	assert_int_equal(processes_sampled(fixture->processes, pid, start, &process), 0);
	return process;
}

static enum place_kind kind_at(const struct process *process, uint64_t address, uint64_t first,
	uint64_t last)
{
	return process_locate(process, address, first, last).kind;
}

static void test_pid_reuse(void **state)
{
	struct fixture *f = *state;
	uint64_t t = clocks_now(&f->clocks);
	struct process *old, *new;

	map(f, STRANGE, 0x10000, 1, t);
	forked(f, STRANGE + 1, STRANGE, t + MS);
	map(f, STRANGE + 1, 0x20000, 2, t + 2 * MS);
	apply(f, (struct lifecycle){ .kind = LIFECYCLE_EXIT, .pid = STRANGE + 1, .time_ns = t + 3 * MS });
	forked(f, STRANGE + 1, STRANGE, t + 5 * MS);
	map(f, STRANGE + 1, 0x20000, 3, t + 6 * MS);
	new = sampled(f, STRANGE + 1, start_of(f, t + 5 * MS - 3000));
	old = sampled(f, STRANGE + 1, start_of(f, t + MS - 3000));
	assert_ptr_not_equal(old, new);
	assert_true(old->gone);
	assert_false(new->gone);
	assert_int_equal(process_locate(old, 0x20000, t + 2 * MS, t + 3 * MS).object->identity.inode, 2);
	assert_int_equal(process_locate(new, 0x20000, t + 6 * MS, t + 7 * MS).object->identity.inode, 3);
	assert_int_equal(process_locate(new, 0x10000, t + 6 * MS, t + 7 * MS).object->identity.inode, 1);
	assert_ptr_equal(sampled(f, STRANGE + 1, old->start_ns), old);
	assert_int_equal(processes_count(f->processes), 2);
	assert_ptr_equal(processes_get(f->processes, old->id), old);
}

/* The sample comes first, the record of the birth later. */
static void test_sampled_before_fork(void **state)
{
	struct fixture *f = *state;
	uint64_t t = clocks_now(&f->clocks);
	struct process *process = sampled(f, STRANGE + 1, start_of(f, t + MS - 3000));
	struct place place;

	map(f, STRANGE, 0x10000, 1, t);
	assert_int_equal(kind_at(process, 0x10000, t, t), PLACE_UNKNOWN);
	forked(f, STRANGE + 1, STRANGE, t + MS);
	apply(f, (struct lifecycle){ .kind = LIFECYCLE_EXEC, .pid = STRANGE + 1, .time_ns = t + 3 * MS });
	map(f, STRANGE + 1, 0x20000, 2, t + 4 * MS);
	assert_ptr_equal(sampled(f, STRANGE + 1, process->start_ns), process);
	place = process_locate(process, 0x10008, t + MS, t + 2 * MS);
	assert_int_equal(place.kind, PLACE_FILE);
	assert_int_equal(place.offset, 0x5008);
	assert_int_equal(kind_at(process, 0x20000, t + 4 * MS, t + 5 * MS), PLACE_FILE);
	assert_int_equal(kind_at(process, 0x90000, t + 4 * MS, t + 5 * MS), PLACE_NOTHING);
	assert_int_equal(kind_at(process, 0x10000, t + 2 * MS, t + 5 * MS), PLACE_CHANGED);
	assert_int_equal(kind_at(process, 0xffffffffff600400, t, t), PLACE_VSYSCALL);
	assert_int_equal(process_refresh(f->processes, process, 1), -ESRCH);
}

static void test_lost(void **state)
{
	struct fixture *f = *state;
	uint64_t t = clocks_now(&f->clocks);
	struct process *process;

	map(f, STRANGE, 0x10000, 1, t);
	process = sampled(f, STRANGE, start_of(f, t) - 1000 * MS);
	apply(f, (struct lifecycle){ .kind = LIFECYCLE_LOST, .start = t + MS, .time_ns = t + 5 * MS });
	map(f, STRANGE, 0x20000, 2, t + 6 * MS);
	assert_int_equal(kind_at(process, 0x10000, t, t + MS), PLACE_FILE);
	assert_int_equal(kind_at(process, 0x10000, t, t + 2 * MS), PLACE_CHANGED);
	assert_int_equal(kind_at(process, 0x20000, t + 7 * MS, t + 8 * MS), PLACE_FILE);
}

static void test_prune(void **state)
{
	struct fixture *f = *state;
	uint64_t t = clocks_now(&f->clocks);
	struct process *process;

	for (uint32_t i = 0; i < 1000; i++) { /* never sampled: forgotten; sampled: the struct stays */
		forked(f, STRANGE + 8 + i % 2, STRANGE, t + i * MS);
		map(f, STRANGE + 8 + i % 2, 0x10000, 1, t + i * MS);
	}
	process = sampled(f, STRANGE + 8, start_of(f, t + 4 * MS));
	processes_prune(f->processes, t + 5000 * MS);
	assert_int_equal(kind_at(process, 0x10000, t + 4 * MS, t + 5 * MS), PLACE_UNKNOWN);
	assert_int_equal(processes_count(f->processes), 1);
	assert_int_equal(process_refresh(f->processes, process, 2), -ESRCH);
	map(f, STRANGE + 8, 0x10000, 1, t + 6000 * MS);
}

static void test_outside_our_namespace(void **state)
{
	struct fixture *f = *state;

	map(f, 0, 0x1000, 1, 5);
	forked(f, UINT32_MAX, 0, 6);
	apply(f, (struct lifecycle){ .kind = LIFECYCLE_COMM, .pid = 0, .time_ns = 7 });
	assert_int_equal(processes_count(f->processes), 0);
}

/* Its last one counts; after an exec none does until another is mapped. */
static void test_jitdump(void **state)
{
	struct fixture *f = *state;
	uint64_t t = clocks_now(&f->clocks);
	struct process *process = sampled(f, STRANGE, start_of(f, t - MS));
	struct lifecycle record = {.kind = LIFECYCLE_MAP, .pid = STRANGE, .time_ns = t, .start = 0x10000,
		.end = 0x11000, .file.inode = 1, .name = "/tmp/jit-12.dump"};

	apply(f, record);
	assert_string_equal(process->jitdump->path, "/tmp/jit-12.dump");
	map(f, STRANGE, 0x20000, 2, t + 1);
	assert_string_equal(process->jitdump->path, "/tmp/jit-12.dump");
	apply(f, (struct lifecycle){.kind = LIFECYCLE_EXEC, .pid = STRANGE, .time_ns = t + 2});
	assert_null(process->jitdump);
	assert_int_equal(process->jitdump_fd, -1);
	record.time_ns = t + 3;
	record.file.inode = 3;
	record.name = "/tmp/jit-13.dump";
	apply(f, record);
	assert_string_equal(process->jitdump->path, "/tmp/jit-13.dump");
}

static uint64_t start_of_pid(const struct fixture *f, pid_t pid)
{
	char path[64], text[1024], *at;
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	at = strrchr(text, ')');
	for (int field = 2; field < 22; field++)
		at = strchr(at + 1, ' ');
	return strtoull(at, NULL, 10) * (uint64_t)f->clocks.tick_ns;
}

static int deliver(void *context, const struct lifecycle *record)
{
	struct fixture *f = context;

	f->lost = f->lost || record->kind == LIFECYCLE_LOST;
	return processes_apply(f->processes, record);
}

static void drain(struct fixture *f)
{
	assert_int_equal(sideband_read(f->sideband), 0);
	assert_int_equal(sideband_deliver(f->sideband, UINT64_MAX, deliver, f), 0);
	if (!f->lost)
		return;
	print_message("skipped: the machine is so busy that perf dropped records\n");
	skip();
}

static void open_sideband(struct fixture *f)
{
	if (geteuid()) {
		print_message("skipped: perf's sideband of all processes needs root\n");
		skip();
	}
	f->sideband = sideband_new();
	for (int cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++)
		assert_int_equal(sideband_open_cpu(f->sideband, cpu, NULL), 0);
}

/* One step of the child: a byte there, a byte back with the address it made. */
struct child {
	int to, from;
	pid_t pid;
};

static void *map_self(void *at, int flags)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	void *map = mmap(at, 8192, PROT_READ | PROT_EXEC, MAP_PRIVATE | flags, fd, 4096);

	close(fd);
	return map;
}

static void child_main(int in, int out)
{
	char *at = NULL, step;

	while (read(in, &step, 1) == 1) {
		if (step == 'm')
			at = map_self(NULL, 0);
		if (step == 'f') /* anonymous code over the file */
			at = mmap(at, 8192, PROT_READ | PROT_EXEC,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		if (step == 'u')
			munmap(at, 8192);
		if (step == 'r')
			at = mremap(at, 8192, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, at + (1 << 20));
		if (write(out, &at, sizeof(at)) != sizeof(at))
			_exit(1);
	}
	_exit(0);
}

static struct child spawn(void)
{
	struct child child;
	int to[2], from[2];

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	child.pid = fork();
	if (!child.pid) {
		close(to[1]);
		child_main(to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	child.to = to[1];
	child.from = from[0];
	return child;
}

static uint64_t step(const struct child *child, char what)
{
	void *at;

	assert_int_equal(write(child->to, &what, 1), 1);
	assert_int_equal(read(child->from, &at, sizeof(at)), sizeof(at));
	return (uint64_t)at;
}

static void refresh(struct fixture *f, struct process *process, uint64_t mm_state)
{
	assert_int_equal(process_refresh(f->processes, process, mm_state), 0);
}

static void test_live(void **state)
{
	struct fixture *f = *state;
	struct child child = spawn(); /* was there before us */
	struct process *process;
	uint64_t at, moved, t[6];

	open_sideband(f);
	process = sampled(f, (uint32_t)child.pid, start_of_pid(f, child.pid));
	refresh(f, process, 1);
	assert_int_equal(process->inner_pid, child.pid);
	assert_int_equal(process->uid, geteuid());
	t[0] = clocks_now(&f->clocks);
	assert_int_equal(kind_at(process, (uint64_t)&test_live, t[0], t[0]), PLACE_FILE);
	at = step(&child, 'm');
	t[1] = clocks_now(&f->clocks);
	step(&child, 'f');
	t[2] = clocks_now(&f->clocks);
	refresh(f, process, 2); /* newer than records that still wait */
	drain(f);
	assert_int_equal(kind_at(process, at + 8, t[1], t[1]), PLACE_FILE);
	assert_int_equal(process_locate(process, at + 8, t[1], t[1]).offset, 4096 + 8);
	assert_int_equal(kind_at(process, at, t[2], clocks_now(&f->clocks)), PLACE_ANON);
	assert_int_equal(kind_at(process, at, t[1], t[2]), PLACE_CHANGED);
	moved = step(&child, 'r');
	refresh(f, process, 3);
	t[3] = clocks_now(&f->clocks);
	drain(f);
	assert_int_equal(kind_at(process, moved, t[3], t[3]), PLACE_ANON);
	assert_int_equal(kind_at(process, at, t[3], t[3]), PLACE_CHANGED);
	step(&child, 'u');
	t[4] = clocks_now(&f->clocks);
	refresh(f, process, 4);
	assert_int_equal(kind_at(process, moved, t[4], t[4]), PLACE_CHANGED);
	assert_true(process->root_fd >= 0);
	close(child.to);
	waitpid(child.pid, NULL, 0);
	drain(f);
	assert_true(process->gone);
	assert_int_equal(kind_at(process, (uint64_t)&test_live, t[0], t[4]), PLACE_FILE);
	assert_int_equal(process_refresh(f->processes, process, 5), -ESRCH);
	close(child.from);
}

static void test_forked_under_us(void **state)
{
	struct fixture *f = *state;
	struct process *process;
	struct child child;
	uint64_t at, t, born;

	open_sideband(f);
	refresh(f, sampled(f, (uint32_t)getpid(), start_of_pid(f, getpid())), 1);
	born = clocks_now(&f->clocks);
	child = spawn();
	at = step(&child, 'm');
	t = clocks_now(&f->clocks);
	close(child.to);
	waitpid(child.pid, NULL, 0); /* gone before anybody could read its maps */
	drain(f);
	process = sampled(f, (uint32_t)child.pid, start_of(f, born));
	assert_int_equal(kind_at(process, at, t, t), PLACE_FILE);
	assert_int_equal(kind_at(process, (uint64_t)&test_live, t, t), PLACE_FILE);
	assert_true(process->gone);
	process = sampled(f, (uint32_t)child.pid, start_of(f, t + MS)); /* another one */
	assert_int_equal(kind_at(process, at, t + MS, t + MS), PLACE_UNKNOWN);
	close(child.from);
}

static void test_inner_pid(void **state)
{
	struct fixture *f = *state;
	struct process *process;
	int pids[2], hold[2];
	pid_t outer, pid;
	char byte;

	if (geteuid()) {
		print_message("skipped: a pid namespace of one's own needs root\n");
		skip();
	}
	assert_int_equal(pipe(pids), 0);
	assert_int_equal(pipe(hold), 0);
	outer = fork();
	if (!outer) {
		unshare(CLONE_NEWPID);
		close(hold[1]);
		pid = fork();
		if (!pid)
			_exit(read(hold[0], &byte, 1) == 1);
		if (write(pids[1], &pid, sizeof(pid)) != sizeof(pid))
			_exit(1);
		waitpid(pid, NULL, 0);
		_exit(0);
	}
	assert_int_equal(read(pids[0], &pid, sizeof(pid)), sizeof(pid));
	process = sampled(f, (uint32_t)pid, start_of_pid(f, pid));
	refresh(f, process, 1);
	assert_int_equal(process->inner_pid, 1);
	close(hold[0]);
	close(hold[1]);
	waitpid(outer, NULL, 0);
	close(pids[0]);
	close(pids[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pid_reuse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sampled_before_fork, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prune, setup, teardown),
		cmocka_unit_test_setup_teardown(test_outside_our_namespace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_live, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forked_under_us, setup, teardown),
		cmocka_unit_test_setup_teardown(test_inner_pid, setup, teardown),
		cmocka_unit_test_setup_teardown(test_jitdump, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
