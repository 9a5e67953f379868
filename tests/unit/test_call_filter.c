// SPDX-License-Identifier: GPL-2.0-or-later
/* What a process that records may not do any more, tried by a child that has the filter; and what it still may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recorder/call_filter.h"

static const char program[] = "/bin/true", same_text[] = "/bin/true";

static char *const arguments[] = {(char *)"true", NULL};
static char *const environment[] = {NULL};

/* Runs `body` in a child that has the filter: its exit status, or 128 and the signal that killed it. */
static int filtered(int (*body)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(call_filter_install(program) ? 100 : body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Which of many tries did not end with `error`, from 1 on. */
#define REFUSED(n, error, call)                         \
	do {                                            \
		errno = 0;                              \
		if ((call) != -1 || errno != (error)) \
			return (n);                     \
	} while (0)

static int others(void)
{
	REFUSED(1, EPERM, execve("/bin/sh", arguments, environment));
	REFUSED(2, EPERM, execve(same_text, arguments, environment));
	REFUSED(3, EPERM, execveat(AT_FDCWD, program, arguments, environment, 0));
#ifndef __SANITIZE_ADDRESS__
	REFUSED(4, EPERM, ptrace(PTRACE_TRACEME, 0, NULL, NULL));
#endif
	REFUSED(5, EPERM, process_vm_writev(getppid(), NULL, 0, NULL, 0, 0));
	REFUSED(6, EPERM, syscall(SYS_pidfd_getfd, -1, 0, 0));
	return 0;
}

static int roots(void)
{
	REFUSED(1, EPERM, mount("none", "/tmp", "tmpfs", 0, NULL));
	REFUSED(2, EPERM, umount2("/nowhere", MNT_DETACH));
	REFUSED(3, EPERM, syscall(SYS_pivot_root, "/", "/"));
	REFUSED(4, EPERM, chroot("/"));
	REFUSED(5, EPERM, setns(-1, 0));
	REFUSED(6, EPERM, unshare(0));
	REFUSED(7, EPERM, syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0));
	REFUSED(8, EPERM, syscall(SYS_clone, CLONE_NEWNS | CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, 0));
	REFUSED(9, ENOSYS, syscall(SYS_clone3, NULL, 0));
	REFUSED(10, EPERM, syscall(SYS_fsopen, "tmpfs", 0));
	REFUSED(11, EPERM, syscall(SYS_open_tree, AT_FDCWD, "/", 0));
	return 0;
}

static int users(void)
{
	REFUSED(1, EPERM, syscall(SYS_setuid, getuid()));
	REFUSED(2, EPERM, syscall(SYS_setgid, getgid()));
	REFUSED(3, EPERM, syscall(SYS_setresuid, -1, -1, -1));
	REFUSED(4, EPERM, syscall(SYS_setresgid, -1, -1, -1));
	REFUSED(5, EPERM, syscall(SYS_setreuid, -1, -1));
	REFUSED(6, EPERM, syscall(SYS_setgroups, 0, NULL));
	return 0;
}

static int machine(void)
{
	REFUSED(1, EPERM, syscall(SYS_init_module, NULL, 0, ""));
	REFUSED(2, EPERM, syscall(SYS_finit_module, -1, "", 0));
	REFUSED(3, EPERM, syscall(SYS_delete_module, "nothing", 0));
	REFUSED(4, EPERM, syscall(SYS_kexec_load, 0, 0, NULL, 0));
	REFUSED(5, EPERM, syscall(SYS_reboot, 0, 0, 0, NULL));
	REFUSED(6, EPERM, syscall(SYS_syslog, 10, NULL, 0));
	REFUSED(7, EPERM, syscall(SYS_clock_settime, CLOCK_REALTIME, NULL));
	REFUSED(8, EPERM, syscall(SYS_personality, 0xffffffff));
	REFUSED(9, EPERM, mknod("/tmp/profound-test-node", S_IFIFO | 0600, 0));
	REFUSED(10, EPERM, ioctl(0, TIOCSTI, "x"));
	return 0;
}

static int rarely_used(void)
{
	REFUSED(1, EPERM, syscall(SYS_io_uring_setup, 1, NULL));
	REFUSED(2, EPERM, syscall(SYS_userfaultfd, 0));
	REFUSED(3, EPERM, syscall(SYS_keyctl, 0, 0, 0, 0, 0));
	REFUSED(4, EPERM, syscall(SYS_add_key, NULL, NULL, NULL, 0, 0));
	REFUSED(5, EAFNOSUPPORT, socket(AF_PACKET, SOCK_RAW, 0));
	REFUSED(6, EAFNOSUPPORT, socket(AF_ALG, SOCK_SEQPACKET, 0));
	return 0;
}

static void test_refused(void **state)
{
	(void)state;
	assert_int_equal(filtered(others), 0);
	assert_int_equal(filtered(roots), 0);
	assert_int_equal(filtered(users), 0);
	assert_int_equal(filtered(machine), 0);
	assert_int_equal(filtered(rarely_used), 0);
}

/* As parser_process.c does it; what it becomes is filtered, too. */
static int spawn_program(void)
{
	int status;
	pid_t pid;

	if (posix_spawn(&pid, program, NULL, NULL, arguments, environment))
		return 1;
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static void *nothing(void *context)
{
	return context;
}

static int work(void)
{
	pthread_t thread;
	struct addrinfo *found = NULL;
	int fds[2], status;
	pid_t pid;

	if (pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL))
		return 1;
	pid = fork();
	if (!pid)
		_exit(0);
	if (waitpid(pid, &status, 0) != pid || status)
		return 2;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) || socket(AF_INET, SOCK_STREAM, 0) < 0 ||
		socket(AF_INET6, SOCK_STREAM, 0) < 0 || socket(AF_NETLINK, SOCK_RAW, 0) < 0)
		return 3;
	if (getaddrinfo("127.0.0.1", "80", NULL, &found))
		return 4;
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
		return 5;
	if (syscall(SYS_pidfd_open, getpid(), 0) < 0 || kill(getpid(), 0))
		return 6;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl(PR_GET_SECCOMP) == 2 ? 0 : 7;
}

static void test_allowed(void **state)
{
	(void)state;
	assert_int_equal(filtered(spawn_program), 0);
	assert_int_equal(filtered(work), 0);
}

static int ends[2];

static void *try_later(void *result)
{
	char byte;

	if (read(ends[0], &byte, 1) == 1)
		*(bool *)result = chroot("/") == -1 && errno == EPERM && prctl(PR_GET_SECCOMP) == 2;
	return NULL;
}

/* A thread that was there before has it as well. */
static int other_thread(void)
{
	bool refused = false;
	pthread_t thread;

	if (pipe(ends) || pthread_create(&thread, NULL, try_later, &refused) || call_filter_install(program) ||
		write(ends[1], "", 1) != 1 || pthread_join(thread, NULL))
		return 1;
	return refused ? 0 : 2;
}

static void test_threads(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(other_thread());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
