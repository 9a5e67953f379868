// SPDX-License-Identifier: GPL-2.0-or-later
/* Snapshots of live threads: a child of the test's own, stopped for a moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unwind/capture.h"
#include "unwind/replay.h"

#define DEPTH 30
#define ON_THE_STACK 0x5ca1ab1e0ddba11ULL

static volatile int waits;
static volatile int *is_there; /* shared: the child has come to where it waits */

/* A function with a name that the test finds again, DEPTH times; then it waits, in a system call or not. */
__attribute__((noinline, noclone)) static void descend(int left)
{
	volatile uint64_t mark = ON_THE_STACK;

	if (left > 1)
		descend(left - 1);
	*is_there = 1;
	while (left == 1 && waits)
		pause();
	while (left == 1 && !waits)
		__asm__ volatile("");
	(void)mark;
}

static pid_t start(int in_syscall)
{
	pid_t pid;

	is_there = mmap(NULL, sizeof(*is_there), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(is_there != MAP_FAILED);
	pid = fork();
	if (pid) {
		for (int i = 0; i < 10000 && !*is_there; i++)
			usleep(1000);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	waits = in_syscall;
	descend(DEPTH);
	_exit(0);
}

static char state_of(pid_t pid)
{
	char path[32], text[256] = "", *at;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	at = fgets(text, sizeof(text), file) ? strrchr(text, ')') : NULL;
	fclose(file);
	return at ? at[2] : 0;
}

/* Until it has come to where it stays. */
static void settle(pid_t pid, char state)
{
	for (int i = 0; i < 1000 && state_of(pid) != state; i++)
		usleep(1000);
	assert_int_equal(state_of(pid), state);
	usleep(20000);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static uint32_t count_named(const struct snapshot *snapshot, const char *name)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < snapshot->n_frames; i++)
		count += !strcmp(snapshot->frames[i].name, name);
	return count;
}

static void check_stack(struct snapshot *snapshot)
{
	struct replay replay, other;
	struct snapshot again;
	struct buf bytes = {0};
	struct fault fault;

	assert_int_equal(replay_init(&replay, snapshot), 0);
	assert_int_equal(replay_keep(&replay, snapshot), 0);
	assert_int_equal(snapshot->cut, 0);
	assert_int_equal(replay.walk.by_fp, 0);
	assert_int_equal(count_named(snapshot, "descend"), DEPTH);
	assert_int_equal(count_named(snapshot, "main"), 1);
	assert_int_equal(snapshot_pack(snapshot, &bytes), 0);
	assert_int_equal(snapshot_parse(&again, bytes.data, bytes.len), 0);
	assert_int_equal(replay_init(&other, &again), 0);
	if (replay_compare(&replay, &other, &fault))
		fail_msg("%s", fault.text);
	replay_release(&other);
	replay_release(&replay);
	snapshot_release(&again);
	buf_release(&bytes);
}

static void check_capture(int in_syscall)
{
	pid_t pid = start(in_syscall);
	struct snapshot snapshot;
	struct fault fault;

	settle(pid, in_syscall ? 'S' : 'R');
	if (capture_thread(&snapshot, (uint32_t)pid, &fault))
		fail_msg("%s", fault.text);
	settle(pid, in_syscall ? 'S' : 'R');
	end(pid);
	assert_int_equal(snapshot.stack.in_syscall, in_syscall);
	check_stack(&snapshot);
	snapshot_release(&snapshot);
}

static void test_running(void **state)
{
	(void)state;
	check_capture(0);
}

static void test_in_syscall(void **state)
{
	(void)state;
	check_capture(1);
}

/* Stopped by somebody else: it stays so. */
static void test_stopped(void **state)
{
	pid_t pid = start(0);
	struct snapshot snapshot;
	struct fault fault;

	(void)state;
	settle(pid, 'R');
	kill(pid, SIGSTOP);
	settle(pid, 'T');
	assert_int_equal(capture_thread(&snapshot, (uint32_t)pid, &fault), 0);
	settle(pid, 'T');
	check_stack(&snapshot);
	snapshot_release(&snapshot);
	kill(pid, SIGCONT);
	settle(pid, 'R');
	end(pid);
}

/* The copy ends where the process's arguments and environment begin. */
static void test_no_environment(void **state)
{
	static const char secret[] = "PROFOUND_TEST=not-for-a-snapshot";
	struct snapshot snapshot;
	struct fault fault;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execle("/bin/sleep", "sleep", "60", NULL, (char *const[]){(char *)secret, NULL});
		_exit(1);
	}
	settle(pid, 'S');
	assert_int_equal(capture_thread(&snapshot, (uint32_t)pid, &fault), 0);
	end(pid);
	assert_true(snapshot.stack.len > 0);
	assert_null(memmem(snapshot.stack.bytes, snapshot.stack.len, secret, strlen(secret)));
	snapshot_release(&snapshot);
}

static void test_faults(void **state)
{
	struct snapshot snapshot;
	struct fault fault;
	pid_t pid = fork();

	(void)state;
	if (!pid)
		_exit(0);
	settle(pid, 'Z');
	memset(&snapshot, 0xff, sizeof(snapshot));
	assert_int_equal(capture_thread(&snapshot, (uint32_t)pid, &fault), -EPERM);
	assert_null(snapshot.files);
	assert_non_null(strstr(fault.text, "cannot be stopped"));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(capture_thread(&snapshot, (uint32_t)pid, &fault), -ESRCH);
	assert_non_null(strstr(fault.text, "no process"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_running),
		cmocka_unit_test(test_in_syscall),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_no_environment),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
