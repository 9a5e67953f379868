// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/environment.h"
#include "process/stated.h"

/* What an environment of these bytes states, fed in parts of `step`. */
static void expect_in_parts(const char *data, size_t len, size_t step, const char *expected)
{
	struct environment environment = {0};
	struct buf text = {0};

	for (size_t at = 0; at < len; at += step)
		assert_int_equal(environment_feed(&environment, data + at, len - at < step ? len - at : step), 0);
	assert_int_equal(environment_state(&environment, &text), 0);
	assert_int_equal(buf_putc(&text, 0), 0);
	assert_string_equal(text.data, expected);
	buf_release(&text);
	environment_release(&environment);
}

#define EXPECT(data, expected)                                                     \
	for (size_t step = 1; step <= sizeof(data); step++)                        \
	expect_in_parts(data, sizeof(data) - 1, step, expected)

static void test_variables(void **state)
{
	(void)state;
	EXPECT("", "");
	EXPECT("HOME=/root\0OTEL_SERVICE_NAME=shop\0PATH=/bin\0", "service.name=shop");
	EXPECT("OTEL_RESOURCE_ATTRIBUTES=service.version=1%2C2,deployment.environment=x\0", "service.version=1%2C2,deployment.environment=x");
	/* OTEL_SERVICE_NAME is the later one, and counts. */
	EXPECT("OTEL_SERVICE_NAME=a\0OTEL_RESOURCE_ATTRIBUTES=service.name=b\0", "service.name=b,service.name=a");
	EXPECT("OTEL_SERVICE_NAME=a=b, c\0", "service.name=a%3Db%2C%20c");
	EXPECT("OTEL_SERVICE_NAME=first\0OTEL_SERVICE_NAME=second\0", "service.name=first");
	EXPECT("OTEL_SERVICE_NAME=\0OTEL_RESOURCE_ATTRIBUTES=\0", "");
}

static void test_not_ours(void **state)
{
	(void)state;
	EXPECT("OTEL_SERVICE_NAMES=a\0OTEL_SERVICE_NAM=b\0XOTEL_SERVICE_NAME=c\0OTEL_SERVICE_NAME\0\0=\0", "");
	EXPECT("SECRET=OTEL_SERVICE_NAME=a\0", "");
	EXPECT("OTEL_SERVICE_NAME=cut off", ""); /* what is read ends inside of it */
	EXPECT("OTEL_RESOURCE_ATTRIBUTES=service.name=a,b\0", ""); /* one bad pair */
	/* Only what tells services apart is kept. */
	EXPECT("OTEL_RESOURCE_ATTRIBUTES=secret=1,service.version=2,service.=3,services.x=4,deployment.environment.names=5\0",
		"service.version=2");
}

static void test_caps(void **state)
{
	struct environment environment = {0};
	struct buf text = {0};
	char *data = malloc(1 << 20);

	(void)state;
	memset(data, 'x', 1 << 20);
	memcpy(data, "OTEL_SERVICE_NAME=", 18);
	data[(1 << 20) - 1] = 0;
	for (size_t at = 0; at < 1 << 20; at += 4096)
		assert_int_equal(environment_feed(&environment, data + at, 4096), 0);
	assert_in_range(environment.values[0].text.cap, 1, 1 << 16);
	assert_int_equal(environment_state(&environment, &text), 0);
	assert_int_equal(text.len, 0);
	environment_release(&environment);
	/* What goes past STATED_MAX is left out, what comes after it is not. */
	assert_int_equal(stated_put(&text, "service.name", 12, data + 100, 2000), 0);
	assert_int_equal(stated_put(&text, "service.version", 15, data + 100, 3000), 0);
	assert_int_equal(text.len, 12 + 1 + 2000);
	assert_int_equal(stated_put(&text, "service.version", 15, "1", 1), 0);
	assert_memory_equal(text.data + text.len - 18, ",service.version=1", 18);
	buf_release(&text);
	free(data);
}

static void test_of_a_process(void **state)
{
	char *argv[] = {(char *)(uintptr_t)"sleep", (char *)(uintptr_t)"60", NULL};
	char *env[] = {(char *)(uintptr_t)"SECRET=1", (char *)(uintptr_t)"OTEL_SERVICE_NAME=sleeper", NULL};
	struct buf text = {0};
	char path[64];
	int dir, pipes[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		execve("/bin/sleep", argv, env);
		_exit(127);
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], path, 1), 0); /* it has exec'ed */
	close(pipes[0]);
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(environment_read(dir, &text), 0);
	assert_int_equal(text.len, strlen("service.name=sleeper"));
	assert_memory_equal(text.data, "service.name=sleeper", text.len);
	buf_release(&text);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(environment_read(dir, &text) < 0);
	close(dir);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_variables), cmocka_unit_test(test_not_ours), cmocka_unit_test(test_caps),
		cmocka_unit_test(test_of_a_process),
	};

	return cmocka_run_group_tests_name("environment", tests, NULL, NULL);
}
