// SPDX-License-Identifier: GPL-2.0-or-later
/* The command after `--`: held, let go, its status told as a shell tells it, given up without a trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/launch.h"

#define SHORT_MS 50
#define LONG_MS 10000

static struct launch hold(const char *script)
{
	char *argv[] = {"sh", "-c", (char *)(uintptr_t)script, NULL};
	struct launch launch;
	struct fault fault;

	assert_int_equal(launch_hold(&launch, argv, &fault), 0);
	return launch;
}

static bool ends_within(const struct launch *launch, int ms)
{
	struct pollfd poll_fd = {.fd = launch->pid_fd, .events = POLLIN};

	return poll(&poll_fd, 1, ms) == 1;
}

static int status_of(const char *script)
{
	struct launch launch = hold(script);
	int status;

	launch_go(&launch);
	assert_true(launch_ended(&launch, true));
	status = launch.status;
	launch_release(&launch);
	return status;
}

static void test_status(void **state)
{
	(void)state;
	assert_int_equal(status_of("exit 0"), 0);
	assert_int_equal(status_of("exit 7"), 7);
	assert_int_equal(status_of("exit 255"), 255);
	assert_int_equal(status_of("kill -TERM $$"), 128 + SIGTERM);
	assert_int_equal(status_of("kill -KILL $$"), 128 + SIGKILL);
}

/* What a program that cannot be run ends with. */
static int status_of_refused(const char *program, struct fault *fault)
{
	char *argv[] = {(char *)(uintptr_t)program, NULL};
	struct launch launch;
	int status;

	assert_int_equal(launch_hold(&launch, argv, fault), 0);
	assert_false(launch_refused(&launch, fault));
	launch_go(&launch);
	assert_true(launch_ended(&launch, true));
	assert_true(launch_refused(&launch, fault));
	status = launch.status;
	launch_release(&launch);
	return status;
}

static void test_cannot_run(void **state)
{
	struct fault fault;

	(void)state;
	assert_int_equal(status_of_refused("no-such-program-here", &fault), 127);
	assert_non_null(strstr(fault.text, "cannot run no-such-program-here: No such file"));
	assert_int_equal(status_of_refused("/", &fault), 126);
	assert_non_null(strstr(fault.text, "cannot run /: "));
}

static void test_can_run(void **state)
{
	struct launch launch = hold("exit 127");
	struct fault fault;

	(void)state;
	launch_go(&launch);
	assert_true(launch_ended(&launch, true));
	assert_int_equal(launch.status, 127);
	assert_false(launch_refused(&launch, &fault));
	launch_release(&launch);
}

static void test_held(void **state)
{
	struct launch launch = hold("exit 3");

	(void)state;
	assert_false(ends_within(&launch, SHORT_MS));
	assert_false(launch_ended(&launch, false));
	launch_go(&launch);
	assert_true(ends_within(&launch, LONG_MS));
	assert_true(launch_ended(&launch, false));
	assert_true(launch_ended(&launch, true));
	assert_int_equal(launch.status, 3);
	launch_release(&launch);
	assert_int_equal(launch.pid, 0);
}

/* A held command that is given up ends without having run, and leaves no zombie. */
static void test_released_without_go(void **state)
{
	char path[] = "/tmp/test_launch.XXXXXX", script[64];
	int fd = mkstemp(path);
	struct launch launch;
	pid_t pid;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	snprintf(script, sizeof(script), "rm %s", path);
	launch = hold(script);
	pid = launch.pid;
	launch_release(&launch);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(unlink(path), 0);
	launch_release(&launch); /* and again: nothing */
}

/* The signals that we block are not blocked in the command; one that came while it was held ends it. */
static void test_signals(void **state)
{
	struct launch launch;
	sigset_t term, before;

	(void)state;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	launch = hold("sleep 60");
	launch_go(&launch);
	assert_false(ends_within(&launch, SHORT_MS));
	launch_signal(&launch, SIGTERM);
	assert_true(launch_ended(&launch, true));
	assert_int_equal(launch.status, 128 + SIGTERM);
	launch_signal(&launch, SIGTERM); /* ended: its pid may be another's */
	launch_release(&launch);
	launch = hold("sleep 60");
	launch_signal(&launch, SIGTERM);
	assert_false(ends_within(&launch, SHORT_MS));
	launch_go(&launch);
	assert_true(launch_ended(&launch, true));
	assert_int_equal(launch.status, 128 + SIGTERM);
	launch_release(&launch);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Somebody kills the command while it is held: that must not end us. */
static void test_killed_while_held(void **state)
{
	struct launch launch = hold("exit 0");

	(void)state;
	launch_signal(&launch, SIGKILL);
	assert_true(ends_within(&launch, LONG_MS));
	launch_go(&launch);
	assert_true(launch_ended(&launch, true));
	assert_int_equal(launch.status, 128 + SIGKILL);
	launch_release(&launch);
}

/* Started by somebody who ignores SIGCHLD, as we then do: the status is there all the same. */
static void test_ignored_sigchld(void **state)
{
	void (*before)(int) = signal(SIGCHLD, SIG_IGN);
	struct launch launch = hold("exit 4");

	(void)state;
	launch_go(&launch);
	assert_true(launch_ended(&launch, true));
	assert_int_equal(launch.status, 4);
	launch_release(&launch);
	signal(SIGCHLD, before);
}

static void test_none(void **state)
{
	struct launch none = {.go_fd = -1, .pid_fd = -1};

	(void)state;
	assert_false(launch_ended(&none, true));
	launch_signal(&none, SIGKILL);
	launch_release(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_cannot_run),
		cmocka_unit_test(test_can_run),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_released_without_go),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_killed_while_held),
		cmocka_unit_test(test_ignored_sigchld),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
