/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reuse PID SECONDS PROGRAM...: runs the programs one after the other under the same process id, by clone3's set_tid.
 * Needs CAP_SYS_ADMIN over the pid namespace, and belongs into one of its own.
 */
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "spin.h"

static pid_t clone_as(pid_t pid)
{
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1 };

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	for (int i = 3; i < argc; i++) {
		pid_t pid = clone_as(atoi(argv[1]));

		if (pid == 0) {
			execl(argv[i], argv[i], argv[2], NULL);
			_exit(127);
		}
		if (pid < 0) {
			perror("clone3");
			return 9;
		}
		say("pid", pid);
		waitpid(pid, NULL, 0);
	}
	return 0;
}
