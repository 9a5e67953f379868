// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/bounded.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define LOOK_NS 100000 /* between two looks at whether it has ended */

static void close_others(const int fds[2])
{
	unsigned first = (unsigned)(fds[0] < fds[1] ? fds[0] : fds[1]);
	unsigned second = (unsigned)(fds[0] < fds[1] ? fds[1] : fds[0]);

	if (first)
		close_range(0, first - 1, 0);
	if (second > first + 1)
		close_range(first + 1, second - 1, 0);
	close_range(second + 1, ~0u, 0);
}

static _Noreturn void run_child(void (*work)(void *context), void *context, const int fds[2])
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	close_others(fds);
	work(context);
	_exit(0);
}

/* 0 while it runs; 1: it ended well; -EIO: otherwise. */
static int look(pid_t child)
{
	int status;
	pid_t ended = waitpid(child, &status, WNOHANG);

	if (!ended || (ended < 0 && errno == EINTR))
		return 0;
	return ended == child && WIFEXITED(status) && !WEXITSTATUS(status) ? 1 : -EIO;
}

int bounded_run(void (*work)(void *context), void *context, const int fds[2], uint64_t most_ns)
{
	const struct timespec pause = {.tv_nsec = LOOK_NS};
	uint64_t until_ns = clock_now_ns() + most_ns;
	pid_t child = fork();
	int ended = 0;

	if (child < 0)
		return -errno;
	if (!child)
		run_child(work, context, fds);
	while (!(ended = look(child)) && clock_now_ns() < until_ns)
		nanosleep(&pause, NULL);
	if (!ended) {
		kill(child, SIGKILL);
		look(child);
		return -ETIMEDOUT;
	}
	return ended > 0 ? 0 : ended;
}
