// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bounded.h"
#include "base/clock.h"

struct seen {
	int fds[2];
	int open, closed;
	char byte;
};

static void look_around(void *context)
{
	struct seen *seen = context;

	seen->open = fcntl(seen->fds[0], F_GETFD) >= 0 && fcntl(seen->fds[1], F_GETFD) >= 0;
	for (int fd = 0; fd < 64; fd++)
		seen->closed += fcntl(fd, F_GETFD) < 0;
	seen->closed += (seen->fds[0] >= 64) + (seen->fds[1] >= 64);
	if (pread(seen->fds[1], &seen->byte, 1, 0) != 1)
		seen->byte = 'x';
}

static void never(void *context)
{
	(void)context;
	for (;;)
		pause();
}

static void die(void *context)
{
	(void)context;
	_exit(3);
}

static void test_ends(void **state)
{
	struct seen *seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int other = open("/dev/null", O_RDONLY);

	(void)state;
	seen->fds[1] = open("/proc/self/comm", O_RDONLY);
	seen->fds[0] = open("/dev/zero", O_RDONLY);
	assert_true(other >= 0 && seen->fds[0] >= 0 && seen->fds[1] >= 0);
	assert_int_equal(bounded_run(look_around, seen, seen->fds, 10 * NS_PER_SECOND), 0);
	assert_true(seen->open);
	assert_int_equal(seen->closed, 62);
	assert_int_equal(seen->byte, 't');
	assert_true(fcntl(other, F_GETFD) >= 0);
	close(other);
	close(seen->fds[0]);
	close(seen->fds[1]);
	munmap(seen, sizeof(*seen));
}

static void test_does_not_end(void **state)
{
	uint64_t began_ns = clock_now_ns();

	(void)state;
	assert_int_equal(bounded_run(never, NULL, (const int[2]){0, 1}, NS_PER_SECOND / 20), -ETIMEDOUT);
	assert_true(clock_now_ns() - began_ns >= NS_PER_SECOND / 20);
}

static void test_dies(void **state)
{
	(void)state;
	assert_int_equal(bounded_run(die, NULL, (const int[2]){0, 1}, 10 * NS_PER_SECOND), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_does_not_end),
		cmocka_unit_test(test_dies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
