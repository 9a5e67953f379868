// SPDX-License-Identifier: GPL-2.0-or-later
/* Facts of the current task, told by the kernel of the test itself and of children it makes. */
#include "tested.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static const struct task_facts *facts(struct tested_bpf *tested)
{
	run(tested->progs.test_facts);
	return &tested->bss->facts;
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

/* In the mapping that maps calls [stack], above every frame. */
static void expect_start_stack(uint64_t start_stack)
{
	uint64_t start = 0, end = 0;
	char line[512];
	FILE *file = fopen("/proc/self/maps", "re");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (strstr(line, "[stack]"))
			assert_int_equal(sscanf(line, "%lx-%lx", &start, &end), 2);
	fclose(file);
	assert_in_range(start_stack, start, end - 1);
	assert_true(start_stack > (uint64_t)(uintptr_t)__builtin_frame_address(0));
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
	assert_int_equal(now->start_stack, by_reads->start_stack);
	expect_start_stack(now->start_stack);
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_user_regs),
		cmocka_unit_test(test_mm_state),
		cmocka_unit_test(test_pid_namespaces),
		cmocka_unit_test(test_outside_of_namespace),
	};

	if (argc == 3 && !strcmp(argv[1], "--run")) /* after the exec of test_exec() */
		return run_fd(atoi(argv[2])) ? 1 : 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
