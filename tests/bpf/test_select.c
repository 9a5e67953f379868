// SPDX-License-Identifier: GPL-2.0-or-later
/* The selection, asked in the context of the test itself and of children that move between cgroups. */
#include "tested.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "collect/cgroup_path.h"

static bool selected(struct tested_bpf *tested)
{
	tested->bss->selected = 2;
	run(tested->progs.test_select);
	assert_in_range(tested->bss->selected, 0, 1);
	return tested->bss->selected;
}

/* Is the test selected by these settings? */
static bool selects(const struct abi_settings *settings)
{
	struct tested_bpf *tested = open_with(settings);
	bool yes = selected(tested);

	tested_bpf__destroy(tested);
	return yes;
}

static void test_select_uid(void **state)
{
	struct abi_settings settings = {.n_uids = 1};
	pid_t pid;

	(void)state;
	settings.uids[0] = 12345;
	assert_false(selects(&settings));
	settings.uids[0] = geteuid();
	assert_true(selects(&settings));
	settings.n_uids = ABI_SELECT;
	for (uint32_t i = 0; i < ABI_SELECT - 1; i++)
		settings.uids[i] = 12000 + i;
	settings.uids[ABI_SELECT - 1] = geteuid();
	assert_true(selects(&settings));
	settings.n_uids--;
	assert_false(selects(&settings));
	/* The effective one decides. */
	settings = (struct abi_settings){.n_uids = 1, .uids = {54321}};
	pid = fork();
	if (!pid) {
		struct tested_bpf *tested = open_with(&settings);

		end_child(selected(tested) || setresuid(0, 54321, 0) || !selected(tested));
	}
	wait_child(pid);
}

static void test_select_comm(void **state)
{
	static const struct {
		const char *comm, *wanted;
		bool selected;
	} rows[] = {
		{"worker", "worker", true}, {"worker", "work", false}, {"work", "worker", false},
		{"worker", "Worker", false}, {"exactly15bytes!", "exactly15bytes!", true},
		{"exactly15bytes!", "exactly15bytes", false}, {"eightbyt", "eightbyt", true},
		{"eightbyt2", "eightbyt", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct abi_settings settings = {.n_comms = 1};

		prctl(PR_SET_NAME, "longer than all"); /* what a shorter name leaves behind counts not */
		prctl(PR_SET_NAME, rows[i].comm);
		strcpy(settings.comms[0], rows[i].wanted);
		assert_int_equal(selects(&settings), rows[i].selected);
		settings.n_comms = ABI_SELECT;
		memcpy(settings.comms[ABI_SELECT - 1], settings.comms[0], ABI_COMM);
		strcpy(settings.comms[0], "other");
		assert_int_equal(selects(&settings), rows[i].selected);
	}
}

/* Kinds are ANDed. */
static void test_select_all_kinds(void **state)
{
	struct abi_settings settings = {.n_comms = 1, .n_uids = 1};

	(void)state;
	prctl(PR_SET_NAME, "worker");
	settings.uids[0] = geteuid();
	strcpy(settings.comms[0], "worker");
	assert_true(selects(&settings));
	settings.uids[0]++;
	assert_false(selects(&settings));
	settings.uids[0]--;
	settings.comms[0][0] = 'W';
	assert_false(selects(&settings));
	assert_true(selects(&(struct abi_settings){0}));
}

static void test_select_members(void **state)
{
	const struct abi_settings by_both = {.by_tgid = 1, .by_tid = 1};
	struct tested_bpf *tested = open_with(&by_both);
	uint32_t tgid = (uint32_t)getpid();
	uint64_t any_start = 0;

	(void)state;
	assert_false(selected(tested));
	bpf_map_update_elem(bpf_map__fd(tested->maps.members_tgid), &tgid, &any_start, BPF_ANY);
	assert_false(selected(tested));
	bpf_map_update_elem(bpf_map__fd(tested->maps.members_tid), &tgid, &any_start, BPF_ANY);
	assert_true(selected(tested));
	bpf_map_delete_elem(bpf_map__fd(tested->maps.members_tgid), &tgid);
	assert_false(selected(tested));
	tested_bpf__destroy(tested);
}

/* A cgroup of the test's own, below the mount point `hierarchy`, with one more inside. */
struct cgroups {
	char outer[256], inner[300];
};

static void cgroups_make(struct cgroups *cgroups, const char *hierarchy)
{
	snprintf(cgroups->outer, sizeof(cgroups->outer), "%s/profound-test-%d", hierarchy, getpid());
	snprintf(cgroups->inner, sizeof(cgroups->inner), "%s/inner", cgroups->outer);
	assert_int_equal(mkdir(cgroups->outer, 0755), 0);
	assert_int_equal(mkdir(cgroups->inner, 0755), 0);
}

static void cgroups_remove(const struct cgroups *cgroups)
{
	assert_int_equal(rmdir(cgroups->inner), 0);
	assert_int_equal(rmdir(cgroups->outer), 0);
}

static bool join(const char *cgroup)
{
	char path[400], pid[16];
	int fd, len = snprintf(pid, sizeof(pid), "%d", getpid());
	bool joined;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	joined = fd >= 0 && write(fd, pid, (size_t)len) == len;
	close(fd);
	return joined;
}

static struct abi_cgroup find_cgroup(const char *path, uint32_t kind)
{
	struct abi_cgroup cgroup;
	struct fault fault;

	assert_int_equal(cgroup_path_find(path, &cgroup, &fault), 0);
	assert_int_equal(cgroup.kind, kind);
	return cgroup;
}

static struct tested_bpf *open_cgroup(const char *path, uint32_t kind)
{
	const struct abi_settings settings = {.n_cgroups = 1, .cgroups[0] = find_cgroup(path, kind)};

	return open_with(&settings);
}

/* In the container, and in the cgroup. */
static struct tested_bpf *open_both(const char *container, const char *path, uint32_t kind)
{
	const struct abi_settings settings = {.n_cgroups = 1, .cgroups[0] = find_cgroup(path, kind),
		.n_containers = 1, .containers[0] = find_cgroup(container, kind)};

	return open_with(&settings);
}

static int check_cgroups(const struct cgroups *cgroups, const char *hierarchy, struct tested_bpf *outer,
	struct tested_bpf *inner)
{
	if (selected(outer) || selected(inner))
		return 10;
	if (!join(cgroups->outer) || !selected(outer) || selected(inner))
		return 11;
	if (!join(cgroups->inner) || !selected(outer) || !selected(inner))
		return 12;
	return join(hierarchy) && !selected(outer) && !selected(inner) ? 0 : 13;
}

static void check_hierarchy(const char *hierarchy, uint32_t kind)
{
	struct tested_bpf *outer, *inner;
	struct cgroups cgroups;
	int status;
	pid_t pid;

	cgroups_make(&cgroups, hierarchy);
	outer = open_cgroup(cgroups.outer, kind);
	inner = open_both(cgroups.inner, cgroups.outer, kind);
	pid = fork();
	if (!pid)
		end_child(check_cgroups(&cgroups, hierarchy, outer, inner));
	waitpid(pid, &status, 0);
	cgroups_remove(&cgroups);
	tested_bpf__destroy(outer);
	tested_bpf__destroy(inner);
	assert_int_equal(status, 0);
}

/* The first mount of a cgroup hierarchy whose type and options are these. */
static bool mounted(char *where, const char *type, const char *option)
{
	char line[1024], on[256], kind[64], options[512];
	FILE *file = fopen("/proc/mounts", "re");
	bool found = false;

	assert_non_null(file);
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%*s %255s %63s %511s", on, kind, options) == 3 &&
			!strcmp(kind, type) && strstr(options, option) && !strstr(options, "ro,");
	fclose(file);
	if (found)
		strcpy(where, on);
	return found;
}

static void check_mounted(const char *type, const char *option, uint32_t kind)
{
	char where[256];

	if (!mounted(where, type, option)) {
		print_message("skipped: no %s hierarchy with '%s' is mounted here\n", type, option);
		skip();
	}
	check_hierarchy(where, kind);
}

static void test_select_cgroup_v2(void **state)
{
	(void)state;
	check_mounted("cgroup2", "rw", CGROUP_V2);
}

static void test_select_cgroup_v1(void **state)
{
	(void)state;
	check_mounted("cgroup", "freezer", CGROUP_V1);
}

static void test_select_cgroup_named(void **state)
{
	(void)state;
	check_mounted("cgroup", "name=", CGROUP_NAMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_select_uid),
		cmocka_unit_test(test_select_comm),
		cmocka_unit_test(test_select_all_kinds),
		cmocka_unit_test(test_select_members),
		cmocka_unit_test(test_select_cgroup_v2),
		cmocka_unit_test(test_select_cgroup_v1),
		cmocka_unit_test(test_select_cgroup_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
