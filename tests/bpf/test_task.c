// SPDX-License-Identifier: GPL-2.0-or-later
/* Facts of the current task and the selection, told by the kernel of the test itself and of children it makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi.h"
#include "collect/cgroup_path.h"

/* As the skeleton's bss names them: task.bpf.h and compat.bpf.h. */
struct task_facts {
	uint32_t tgid, tid;
	uint64_t start_ns;
	uint32_t exec, flags;
	uint64_t mm_state;
	bool has_mm;
};
struct compat_regs {
	uint64_t ip, sp, fp, cs;
};

#include "tested.skel.h"

static struct tested_bpf *open_with(const struct abi_settings *settings)
{
	struct tested_bpf *tested = tested_bpf__open();

	assert_non_null(tested);
	tested->rodata->settings = *settings;
	if (settings->by_tgid)
		bpf_map__set_max_entries(tested->maps.members_tgid, 16);
	if (settings->by_tid)
		bpf_map__set_max_entries(tested->maps.members_tid, 16);
	assert_int_equal(tested_bpf__load(tested), 0);
	return tested;
}

static int run_fd(int fd)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	return bpf_prog_test_run_opts(fd, &options);
}

static void run(const struct bpf_program *program)
{
	assert_int_equal(run_fd(bpf_program__fd(program)), 0);
}

static const struct task_facts *facts(struct tested_bpf *tested)
{
	run(tested->progs.test_facts);
	return &tested->bss->facts;
}

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

static void end_child(int status)
{
	_exit(status);
}

static void wait_child(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Field 22 of /proc/self/stat: the start in clock ticks. */
static unsigned long long start_ticks(void)
{
	unsigned long long ticks = 0;
	char line[1024], *at;
	FILE *file = fopen("/proc/self/stat", "re");

	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	at = strrchr(line, ')');
	assert_non_null(at);
	assert_int_equal(sscanf(at + 2, "%*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
				       "%*s %*s %*s %*s %*s %llu", &ticks), 1);
	return ticks;
}

static void test_facts(void **state)
{
	const struct abi_settings plain = {0};
	struct tested_bpf *tested = open_with(&plain);
	const struct task_facts *now = facts(tested), *by_reads = &tested->bss->facts_by_reads;

	(void)state;
	assert_int_equal(now->tgid, getpid());
	assert_int_equal(now->tid, syscall(SYS_gettid));
	assert_int_equal(now->start_ns / (1000000000ULL / (unsigned long long)sysconf(_SC_CLK_TCK)),
		start_ticks());
	assert_true(now->has_mm);
	assert_int_equal(now->flags & 0x00200000, 0); /* PF_KTHREAD */
	assert_true(now->exec > 0);
	assert_int_equal(now->tgid, by_reads->tgid);
	assert_int_equal(now->tid, by_reads->tid);
	assert_int_equal(now->start_ns, by_reads->start_ns);
	assert_int_equal(now->exec, by_reads->exec);
	assert_int_equal(now->mm_state, by_reads->mm_state);
	tested_bpf__destroy(tested);
}

/* exec keeps the process and its start, and counts up by one; a fork inherits the count. */
static void test_exec(void **state)
{
	const struct abi_settings plain = {0};
	struct tested_bpf *tested = open_with(&plain);
	char fd[16];
	struct task_facts before;
	pid_t pid;

	(void)state;
	snprintf(fd, sizeof(fd), "%d", fcntl(bpf_program__fd(tested->progs.test_facts), F_DUPFD, 100));
	before = *facts(tested);
	pid = fork();
	if (!pid) {
		run(tested->progs.test_facts);
		if (tested->bss->facts.exec != before.exec)
			end_child(1);
		execl("/proc/self/exe", "test_task", "--run", fd, NULL);
		end_child(2);
	}
	wait_child(pid);
	close(atoi(fd));
	assert_int_equal(tested->bss->facts.tgid, pid);
	assert_int_equal(tested->bss->facts.exec, before.exec + 1);
	assert_true(tested->bss->facts.start_ns >= before.start_ns);
	tested_bpf__destroy(tested);
}

/* The registers with which the test entered bpf(2): its own code and stack. */
static void test_user_regs(void **state)
{
	const struct abi_settings plain = {0};
	struct tested_bpf *tested = open_with(&plain);
	const struct compat_regs *regs = &tested->bss->user_regs;
	uint64_t here = (uint64_t)(uintptr_t)__builtin_frame_address(0);
	uint64_t libc = (uint64_t)(uintptr_t)&syscall;

	(void)state;
	run(tested->progs.test_user_regs);
	assert_int_equal(regs->cs, 0x33); /* __USER_CS */
	assert_in_range(regs->sp, here - 65536, here);
	assert_in_range(regs->ip, libc, libc + 128); /* in syscall(3) */
	tested_bpf__destroy(tested);
}

enum change { MAP_CODE, GROW_CODE, MOVE_CODE, PROTECT_CODE, UNMAP_CODE, CHANGES };

static char *change_code(enum change change, char *code)
{
	const int all = PROT_READ | PROT_WRITE | PROT_EXEC;
	char *elsewhere;

	switch (change) {
	case MAP_CODE:
		return mmap(NULL, 8192, all, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	case GROW_CODE:
		return mremap(code, 8192, 16384, MREMAP_MAYMOVE);
	case MOVE_CODE:
		elsewhere = mmap(NULL, 16384, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		return mremap(code, 16384, 16384, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere);
	case PROTECT_CODE:
		return mprotect(code, 4096, PROT_READ) ? MAP_FAILED : code;
	default:
		return munmap(code, 16384) ? MAP_FAILED : code;
	}
}

static void test_mm_state(void **state)
{
	const struct abi_settings plain = {0};
	struct tested_bpf *tested = open_with(&plain);
	uint64_t before = facts(tested)->mm_state, after;
	char *code = NULL;

	(void)state;
	assert_int_equal(facts(tested)->mm_state, before);
	for (int change = 0; change < CHANGES; change++) {
		code = change_code((enum change)change, code);
		assert_ptr_not_equal(code, MAP_FAILED);
		after = facts(tested)->mm_state;
		assert_int_not_equal(after, before);
		assert_int_equal(tested->bss->facts_by_reads.mm_state, after);
		before = after;
		assert_int_equal(facts(tested)->mm_state, before);
	}
	tested_bpf__destroy(tested);
}

static uint32_t pid_namespace(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/self/ns/pid", &st), 0);
	return (uint32_t)st.st_ino;
}

/* What a child, in a pid namespace of its own, is called in the namespace `inum` (0: its own). */
static uint32_t number_in(struct tested_bpf **tested, uint32_t inum)
{
	const struct abi_settings settings = {.pidns_inum = inum ? inum : pid_namespace()};

	*tested = open_with(&settings);
	return facts(*tested)->tgid;
}

static bool check_inner(uint32_t outer, uint32_t outer_number)
{
	struct tested_bpf *tested;
	bool right = number_in(&tested, 0) == (uint32_t)getpid() &&
		     tested->bss->facts.tid == (uint32_t)getpid() &&
		     number_in(&tested, outer) == outer_number;

	return right && getpid() == 1;
}

/* Calls `inside` as the first process of a new pid namespace; false when it said so. */
static bool in_namespace(bool (*inside)(uint32_t outer, uint32_t number))
{
	uint32_t outer = pid_namespace(), number;
	int to_child[2], status;
	pid_t pid;

	if (pipe(to_child) || unshare(CLONE_NEWPID))
		return false;
	pid = fork();
	if (!pid) {
		if (read(to_child[0], &number, sizeof(number)) != sizeof(number))
			end_child(3);
		end_child(!inside(outer, number));
	}
	number = (uint32_t)pid;
	return write(to_child[1], &number, sizeof(number)) == sizeof(number) &&
	       waitpid(pid, &status, 0) == pid && !status;
}

static bool check_nested(uint32_t outer, uint32_t outer_number)
{
	return check_inner(outer, outer_number) && in_namespace(check_inner);
}

static void test_pid_namespaces(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (!pid)
		end_child(!in_namespace(check_nested));
	wait_child(pid);
}

/* A task outside of profound's namespace has no number there. */
static void test_outside_of_namespace(void **state)
{
	struct tested_bpf *tested;

	(void)state;
	assert_int_equal(number_in(&tested, 1), 0);
	assert_int_equal(tested->bss->facts.tid, 0);
	tested_bpf__destroy(tested);
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
	uint8_t one = 1;

	(void)state;
	assert_false(selected(tested));
	bpf_map_update_elem(bpf_map__fd(tested->maps.members_tgid), &tgid, &one, BPF_ANY);
	assert_false(selected(tested));
	bpf_map_update_elem(bpf_map__fd(tested->maps.members_tid), &tgid, &one, BPF_ANY);
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

static struct tested_bpf *open_cgroup(const char *path, uint32_t kind)
{
	struct abi_settings settings = {.n_cgroups = 1};
	struct fault fault;

	assert_int_equal(cgroup_path_find(path, &settings.cgroups[0], &fault), 0);
	assert_int_equal(settings.cgroups[0].kind, kind);
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
	inner = open_cgroup(cgroups.inner, kind);
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_user_regs),
		cmocka_unit_test(test_mm_state),
		cmocka_unit_test(test_pid_namespaces),
		cmocka_unit_test(test_outside_of_namespace),
		cmocka_unit_test(test_select_uid),
		cmocka_unit_test(test_select_comm),
		cmocka_unit_test(test_select_all_kinds),
		cmocka_unit_test(test_select_members),
		cmocka_unit_test(test_select_cgroup_v2),
		cmocka_unit_test(test_select_cgroup_v1),
		cmocka_unit_test(test_select_cgroup_named),
	};

	if (argc == 3 && !strcmp(argv[1], "--run")) /* after the exec of test_exec() */
		return run_fd(atoi(argv[2])) ? 1 : 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
