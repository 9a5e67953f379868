// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "collect/cgroup_path.h"
#include "collect/selection.h"

static struct selection_request request;
static struct selection selection;
static struct fault fault;

static int reset(void **state)
{
	(void)state;
	memset(&request, 0, sizeof(request));
	return 0;
}

static int resolve(void)
{
	return selection_resolve(&request, &selection, &fault);
}

static void test_empty(void **state)
{
	(void)state;
	assert_int_equal(resolve(), 0);
	assert_int_equal(selection.pids.n + selection.tids.n + selection.n_uids, 0);
	assert_int_equal(selection.n_comms + selection.n_cgroups, 0);
	assert_false(selection.by_cpu);
}

static void test_processes(void **state)
{
	(void)state;
	request.pids = (struct selection_ids){.n = 1, .id = {getpid()}};
	assert_int_equal(resolve(), 0);
	assert_int_equal(selection.pids.id[0], getpid());
	request.pids.id[0] = 4194304; /* PID_MAX_LIMIT is never given out */
	assert_int_equal(resolve(), -ESRCH);
	assert_non_null(strstr(fault.text, "4194304"));
	request.pids.n = 0;
	request.tids = (struct selection_ids){.n = 1, .id = {4194304}};
	assert_int_equal(resolve(), -ESRCH);
	assert_non_null(strstr(fault.text, "-t 4194304"));
}

static void *as_thread(void *result)
{
	uint32_t tid = syscall(SYS_gettid);

	request.pids = (struct selection_ids){.n = 1, .id = {tid}};
	((int *)result)[0] = resolve();
	request.pids.n = 0;
	request.tids = (struct selection_ids){.n = 1, .id = {tid}};
	((int *)result)[1] = resolve();
	return NULL;
}

static void test_thread_given_as_process(void **state)
{
	int results[2] = {1, 1};
	char hint[64];
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, as_thread, results), 0);
	pthread_join(thread, NULL);
	assert_int_equal(results[0], -ESRCH);
	snprintf(hint, sizeof(hint), "use -t %u", request.tids.id[0]);
	assert_non_null(strstr(fault.text, hint));
	assert_int_equal(results[1], 0);
}

static void test_cpus(void **state)
{
	(void)state;
	request.by_cpu = true;
	assert_int_equal(cpu_mask_read(&request.cpus, "/sys/devices/system/cpu/online"), 0);
	assert_int_equal(resolve(), 0);
	assert_true(selection.by_cpu && cpu_mask_count(&selection.cpus));
	assert_int_equal(cpu_mask_parse(&request.cpus, "8191"), 0);
	assert_int_equal(resolve(), -ENODEV);
	assert_non_null(strstr(fault.text, "8191"));
}

static void test_users(void **state)
{
	(void)state;
	request.users = (struct selection_users){.n = 2, .name = {"root", "1234"}};
	assert_int_equal(resolve(), 0);
	assert_int_equal(selection.uids[0], 0);
	assert_int_equal(selection.uids[1], 1234);
	strcpy(request.users.name[1], "no-such-user");
	assert_int_equal(resolve(), -ENOENT);
	assert_non_null(strstr(fault.text, "no-such-user"));
	strcpy(request.users.name[1], "4294967295");
	assert_int_equal(resolve(), -ENOENT);
}

static void test_names(void **state)
{
	(void)state;
	request.comms = (struct selection_words){.n = 1, .word = {"fifteen-bytes-y"}};
	assert_int_equal(resolve(), 0);
	assert_string_equal(selection.comms[0], "fifteen-bytes-y");
}

/* The mounts of this machine: every cgroup mount's root must be found, with the inode that stat
 * shows. */
static void test_cgroup_mounts(void **state)
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char line[4096], point[1024], type[64], options[1024];
	struct abi_cgroup cgroup;
	unsigned found = 0;
	struct stat st;

	(void)state;
	assert_non_null(mounts);
	while (fgets(line, sizeof(line), mounts)) {
		if (sscanf(line, "%*s %1023s %63s %1023s", point, type, options) != 3 ||
			strncmp(type, "cgroup", 6))
			continue;
		if (cgroup_path_find(point, &cgroup, &fault))
			fail_msg("%s", fault.text);
		assert_int_equal(stat(point, &st), 0);
		assert_true(cgroup.id == st.st_ino);
		assert_int_equal(cgroup.kind, !strcmp(type, "cgroup2")   ? CGROUP_V2
					      : strstr(options, "name=") ? CGROUP_NAMED
									 : CGROUP_V1);
		found++;
	}
	fclose(mounts);
	if (!found) {
		print_message("no cgroup mount on this machine\n");
		skip();
	}
}

static void test_no_cgroup(void **state)
{
	static const char *const bad[] = {"/tmp", "/no/such", "no-such-cgroup", "/proc/self/maps"};
	struct abi_cgroup cgroup = {.id = 42};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(cgroup_path_find(bad[i], &cgroup, &fault), -ENOENT);
		assert_non_null(strstr(fault.text, bad[i]));
	}
	assert_int_equal(cgroup.id, 42);
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty),
		TEST(test_processes),
		TEST(test_thread_given_as_process),
		TEST(test_cpus),
		TEST(test_users),
		TEST(test_names),
		TEST(test_cgroup_mounts),
		TEST(test_no_cgroup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
