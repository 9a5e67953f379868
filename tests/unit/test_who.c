// SPDX-License-Identifier: GPL-2.0-or-later
/* Who ran it: programs over execs, cgroups by id (where this machine lets us make some), and what the profile gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/container.h"
#include "collect/who.h"
#include "export/who_list.h"
#include "process/cgroup_mount.h"
#include "process/cgroups.h"
#include "process/clocks.h"

#define MS 1000000ULL
#define STRANGE 0x7ffffff0u /* above any pid_max */
#define ID "5eedc0de5eedc0de5eedc0de5eedc0de5eedc0de5eedc0de5eedc0de5eedc0de"

struct fixture {
	struct objects *objects;
	struct processes *processes;
	struct cgroups *cgroups;
	struct profile profile;
	struct resolver resolver;
	struct clocks clocks;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->objects = objects_new();
	f->processes = processes_new(f->objects);
	f->cgroups = cgroups_new();
	f->resolver = (struct resolver){
		.profile = &f->profile, .processes = f->processes, .cgroups = f->cgroups};
	clocks_init(&f->clocks);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	profile_release(&f->profile);
	cgroups_free(f->cgroups);
	processes_free(f->processes);
	objects_free(f->objects);
	free(f);
	return 0;
}

static void apply(struct fixture *f, enum lifecycle_kind kind, uint32_t pid, uint64_t time, const char *name)
{
	const struct lifecycle record = {.kind = kind, .pid = pid, .parent = STRANGE, .time_ns = time,
		.start = 0x10000, .end = 0x20000, .file.inode = 7, .name = name};

	assert_int_equal(processes_apply(f->processes, &record), 0);
}

static uint64_t start_of(const struct fixture *f, uint64_t time)
{
	return time + (uint64_t)f->clocks.suspended_ns;
}

static void expect_exe(struct fixture *f, const struct process *process, uint64_t time, const char *exe)
{
	const char *found = process_exe(f->processes, process, time);

	if (!exe)
		assert_null(found);
	else
		assert_string_equal(found, exe);
}

/* A shell that forks; the child runs two programs, one after the other. */
static void test_programs(void **state)
{
	struct fixture *f = *state;
	uint64_t t = clocks_now(&f->clocks);
	const struct process *child;

	apply(f, LIFECYCLE_EXEC, STRANGE, t, "sh");
	apply(f, LIFECYCLE_MAP, STRANGE, t + 1, "/bin/sh");
	apply(f, LIFECYCLE_MAP, STRANGE, t + 2, "/lib/ld.so");
	apply(f, LIFECYCLE_FORK, STRANGE + 1, t + MS, "");
	child = processes_find(f->processes, STRANGE + 1, start_of(f, t + MS - 3000));
	assert_non_null(child);
	expect_exe(f, child, t + 2 * MS, "/bin/sh");
	apply(f, LIFECYCLE_EXEC, STRANGE + 1, t + 3 * MS, "one");
	expect_exe(f, child, t + 3 * MS, NULL);
	apply(f, LIFECYCLE_MAP, STRANGE + 1, t + 3 * MS + 1, "/bin/one (deleted)");
	apply(f, LIFECYCLE_MAP, STRANGE + 1, t + 3 * MS + 2, "/lib/ld.so");
	expect_exe(f, child, t + 4 * MS, "/bin/one");
	expect_exe(f, child, t + 2 * MS, "/bin/sh");
	apply(f, LIFECYCLE_EXEC, STRANGE + 1, t + 5 * MS, "two");
	apply(f, LIFECYCLE_MAP, STRANGE + 1, t + 5 * MS + 1, "/bin/two");
	apply(f, LIFECYCLE_EXIT, STRANGE + 1, t + 6 * MS, "");
	expect_exe(f, child, t + 6 * MS, "/bin/two");
	expect_exe(f, child, t + 4 * MS, "/bin/one");
	expect_exe(f, child, t + 2 * MS, NULL); /* two execs ago */
}

/* Where records were lost there may have been an exec. */
static void test_programs_lost(void **state)
{
	struct fixture *f = *state;
	uint64_t t = clocks_now(&f->clocks);
	const struct lifecycle lost = {.kind = LIFECYCLE_LOST, .time_ns = t + 3 * MS, .start = t + 2 * MS,
		.name = ""};
	const struct process *process;

	apply(f, LIFECYCLE_FORK, STRANGE + 1, t, "");
	apply(f, LIFECYCLE_EXEC, STRANGE + 1, t + 1, "one");
	apply(f, LIFECYCLE_MAP, STRANGE + 1, t + 2, "/bin/one");
	assert_int_equal(processes_apply(f->processes, &lost), 0);
	process = processes_find(f->processes, STRANGE + 1, start_of(f, t - 3000));
	expect_exe(f, process, t + MS, "/bin/one");
	expect_exe(f, process, t + 4 * MS, NULL);
}

static uint64_t own_start(const struct fixture *f)
{
	char text[2048];
	FILE *file = fopen("/proc/self/stat", "r");
	unsigned long long ticks = 0;
	size_t len = fread(text, 1, sizeof(text) - 1, file);

	(void)f;
	fclose(file);
	text[len] = '\0';
	sscanf(strrchr(text, ')') + 1, " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		"%*s %*s %*s %llu", &ticks);
	return ticks * (1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK));
}

static const char *text(const struct fixture *f, uint32_t id)
{
	return profile_text(&f->profile, id);
}

/* Ourselves, by /proc. */
static void test_live(void **state)
{
	struct fixture *f = *state;
	struct abi_entry entry = {.tgid = (uint32_t)getpid(), .start_ns = own_start(f), .exec = 3};
	struct process *process;
	char exe[4096] = "";
	uint32_t index;

	processes_read_cgroups(f->processes);
	assert_int_equal(processes_sampled(f->processes, entry.tgid, entry.start_ns, &process), 0);
	assert_int_equal(process_refresh(f->processes, process, 1), 0);
	entry.last_ns = clocks_now(&f->clocks);
	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	assert_int_equal(who_add(&f->resolver, &entry, &index), 0);
	assert_string_equal(text(f, f->profile.who[index].exe), exe);
	if (process_cgroup(f->processes, process))
		assert_string_equal(text(f, f->profile.who[index].cgroup), process_cgroup(f->processes, process));
	assert_int_equal(f->profile.processes.count, 1);
	entry.exec = 4; /* another program is another row */
	assert_int_equal(who_add(&f->resolver, &entry, &index), 0);
	assert_int_equal(index, 1);
}

/* A directory of the v2 hierarchy, made; false: this machine has none, or we may not. */
static bool make_cgroup(char *path, size_t size, __u64 *id)
{
	FILE *mountinfo = fopen("/proc/self/mountinfo", "re");
	struct cgroup_mount mount = {.v2 = false};
	struct stat st;
	bool found;

	assert_non_null(mountinfo);
	while ((found = cgroup_mount_next(mountinfo, &mount)) && !mount.v2)
		;
	fclose(mountinfo);
	snprintf(path, size, "%s/docker-" ID ".scope", mount.point);
	if (!found || mkdir(path, 0755) || stat(path, &st))
		return false;
	*id = st.st_ino;
	return true;
}

static void test_cgroup_by_id(void **state)
{
	struct fixture *f = *state;
	struct abi_entry entry = {.tgid = STRANGE, .start_ns = 77};
	char path[2 * PATH_MAX], *listed = NULL;
	struct abi_cgroup cgroup = {0};
	struct profile_sample sample = {0};
	struct fault fault;
	size_t size;
	uint32_t index;
	FILE *out;
	int err;

	if (geteuid() || !make_cgroup(path, sizeof(path), &entry.cgroup)) {
		print_message("skipped test_cgroup_by_id: no v2 hierarchy that we may change\n");
		skip();
	}
	err = who_add(&f->resolver, &entry, &index);
	(void)container_find("5eedc0de5eed", &cgroup, &fault);
	rmdir(path);
	assert_int_equal(err, 0);
	assert_string_equal(strrchr(text(f, f->profile.who[index].cgroup), '/'), "/docker-" ID ".scope");
	assert_string_equal(text(f, f->profile.who[index].container), ID);
	assert_string_equal(text(f, f->profile.who[index].runtime), "docker");
	assert_string_equal(text(f, f->profile.who[index].unit), "docker-" ID ".scope");
	assert_string_equal(text(f, f->profile.who[index].pod), "");
	assert_string_equal(text(f, f->profile.who[index].exe), "");
	assert_true(cgroup.id == entry.cgroup);
	/* It ended, and is known still; one that nobody saw is not. */
	assert_non_null(cgroups_path(f->cgroups, entry.cgroup));
	assert_null(cgroups_path(f->cgroups, entry.cgroup + 1000000));
	assert_null(cgroups_path(f->cgroups, 0));
	assert_int_equal(container_find("5eedc0de5eed", &cgroup, &fault), -ENOENT);
	assert_non_null(strstr(fault.text, "5eedc0de5eed"));
	sample.process = index;
	assert_int_equal(profile_add(&f->profile, &sample, 42), 0);
	out = open_memstream(&listed, &size);
	assert_int_equal(who_list_print(&f->profile, 20, out), 0);
	fclose(out);
	assert_string_equal(listed,
		"who      42 ? in container " ID " of docker unit docker-" ID ".scope\n");
	free(listed);
}

static void test_container_check(void **state)
{
	static const char *const good[] = {"123456", ID, "0123456789ab", "12345678-9abc-def0-1234-56789abcdef0",
		"0123456789abcdef0123456789abcdef-123"};
	static const char *const bad[] = {"", "12345", "web", "abcdefg", "ABCDEF", "-123456", "123456-1", ID "0"};
	struct fault fault;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_int_equal(container_check(good[i], &fault), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (container_check(bad[i], &fault) != -EINVAL)
			fail_msg("%s", bad[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_programs),
		TEST(test_programs_lost),
		TEST(test_live),
		TEST(test_cgroup_by_id),
		TEST(test_container_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
