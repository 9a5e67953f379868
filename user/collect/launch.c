// SPDX-License-Identifier: GPL-2.0-or-later
#include "collect/launch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void __attribute__((noreturn)) become(char **argv, int go_fd)
{
	sigset_t none;
	int error;
	char byte;

	if (read(go_fd, &byte, 1) != 1)
		_exit(0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(argv[0], argv);
	error = errno;
	/* Who is gone need not be told. */
	if (send(go_fd, &error, sizeof(error), MSG_NOSIGNAL) != sizeof(error))
		error = errno;
	_exit(error == ENOENT ? 127 : 126);
}

int launch_hold(struct launch *out, char **argv, struct fault *fault)
{
	int go[2], pid_fd;
	pid_t pid;

	/* Ignored by whoever started us, and so by us, there would be no status to collect. */
	signal(SIGCHLD, SIG_DFL);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go))
		return fault_set(fault, -errno, "cannot start %s: %s", argv[0], strerror(errno));
	pid = fork();
	if (pid < 0) {
		close(go[0]);
		close(go[1]);
		return fault_set(fault, -errno, "cannot start %s: %s", argv[0], strerror(errno));
	}
	if (!pid) {
		close(go[1]);
		become(argv, go[0]);
	}
	close(go[0]);
	pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pid_fd < 0) {
		int err = -errno;

		close(go[1]);
		waitpid(pid, NULL, 0);
		return fault_set(fault, err, "cannot watch %s: %s", argv[0], strerror(-err));
	}
	*out = (struct launch){.name = argv[0], .pid = pid, .go_fd = go[1], .pid_fd = pid_fd};
	return 0;
}

void launch_go(struct launch *launch)
{
	/* A command that somebody killed while it was held has a status to tell, nothing else. */
	if (send(launch->go_fd, "", 1, MSG_NOSIGNAL) < 0)
		launch_signal(launch, SIGKILL);
	launch->gone_on = true;
}

bool launch_refused(struct launch *launch, struct fault *fault)
{
	int error;

	if (!launch->pid || !launch->gone_on)
		return false;
	if (recv(launch->go_fd, &error, sizeof(error), MSG_DONTWAIT) != sizeof(error))
		return false;
	fault_set(fault, -error, "cannot run %s: %s%s", launch->name, strerror(error),
		error == ENOENT ? "; give its path or see $PATH"
		: error == EACCES ? "; it needs the right to be executed"
				  : "");
	return true;
}

bool launch_ended(struct launch *launch, bool wait)
{
	int status;
	pid_t pid;

	if (!launch->pid || launch->ended)
		return launch->ended;
	do
		pid = waitpid(launch->pid, &status, wait ? 0 : WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (pid != launch->pid)
		return false;
	launch->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	launch->ended = true;
	return true;
}

void launch_signal(const struct launch *launch, int signal)
{
	if (launch->pid && !launch->ended)
		kill(launch->pid, signal);
}

void launch_release(struct launch *launch)
{
	if (!launch->pid)
		return;
	close(launch->go_fd);
	if (!launch->gone_on)
		launch_ended(launch, true);
	close(launch->pid_fd);
	*launch = (struct launch){.go_fd = -1, .pid_fd = -1};
}
