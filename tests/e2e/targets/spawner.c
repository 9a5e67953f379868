/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spawner RUNS PROGRAM: runs a program so many times, two at once. */
#include <spawn.h>
#include <sys/wait.h>

#include "spin.h"

extern char **environ;

int main(int argc, char **argv)
{
	int runs = argc > 2 ? atoi(argv[1]) : 0, status;
	pid_t pid;

	for (int i = 0; i < runs; i++) {
		if (i > 1 && wait(&status) < 0)
			return 1;
		if (posix_spawn(&pid, argv[2], NULL, NULL, argv + 2, environ))
			return 9;
	}
	while (wait(&status) > 0)
		;
	say("runs", runs);
	return 0;
}
